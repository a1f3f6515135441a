/**
 * Imports MaaS360's enrolments. Most reads request only devices that reported since the last one; every `fullEveryHours` all are
 * read, because a device that vanished reports nothing. Few changes are applied like `EnrolmentChanged`; many are an import,
 * which the guard stops as a whole when it would take access from too many devices.
 *
 * Invariants: nothing is applied from a read that was not completed, and the cursor moves only after one; when a process died
 * while applying, everyone is evaluated; a device counts as gone only when two complete reads in a row did not list it; the
 * feed counts as fresh only once all that was read is stored.
 */
import pMap from 'p-map';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { Maas360State, Maas360StateStore } from '#adapters/dynamodb/enrolments/maas360-state';
import type { LeaseStore } from '#adapters/dynamodb/gather/leases';
import type { Maas360 } from '#adapters/maas360/maas360';
import { problemOf, ServiceFailure } from '#adapters/service-failure';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { type EnrolmentFacts, factsOf, nextVersion } from '#domain/enrolment/maas360-device';
import type { Maas360Configuration, RuntimeConfiguration } from '#domain/runtime/configuration';
import { absentFrom } from './absence.ts';
import { devicesOf } from './read-devices.ts';

export type ImportDependencies = {
  configuration: Pick<Maas360Configuration, 'fullEveryHours' | 'policiesPushingMail'>;
  guard: Pick<RuntimeConfiguration['guard'], 'maxDevices' | 'maxPercent'>;
  source: Pick<Maas360, 'page'>;
  states: Maas360StateStore;
  leases: Pick<LeaseStore, 'acquire' | 'release'>;
  enrolments: Pick<EnrolmentStore, 'read' | 'list'>;
  /** Stores enrolments and sends the affected users to evaluation, one by one. */
  takeFew: (enrolments: readonly Enrolment[]) => Promise<unknown>;
  /** The same under the guard, all or nothing. */
  takeMany: (enrolments: readonly Enrolment[]) => Promise<{ outcome: 'taken' } | { outcome: 'guarded' }>;
  /** Records that enrolments are up to date. */
  heard: () => Promise<void>;
  decideEveryone: () => Promise<void>;
  now: () => number;
};
export type Imported =
  | { outcome: 'resting' | 'under-way' }
  | {
      outcome: 'taken' | 'guarded';
      kind: 'full' | 'delta';
      devices: number;
      changed: number;
      withdrawn: number;
      unreadable: number;
    };

const hour = 3_600_000;
/** The function's longest run time. */
const leaseMs = 15 * 60_000;
/** Devices that reported just before a read began may be listed only after it; reading them twice changes nothing. */
const overlapMs = 10 * 60_000;
const leaseName = 'maas360|import';
/** This many changes at once are normal and cannot trip a guard by themselves. */
const few = 10;

/** Throws the error that prevented a complete read, after storing it for the status. */
export function importEnrolments(deps: ImportDependencies) {
  return async (): Promise<Imported> => {
    const at = deps.now();
    const lease = await deps.leases.acquire(leaseName, { now: at, lengthMs: leaseMs });
    if (lease === null) return { outcome: 'under-way' };
    try {
      const before = await deps.states.read();
      if (before.retryAt !== null && before.retryAt > at) return { outcome: 'resting' };
      return await readAndApply(deps, { before, at });
    } finally {
      await deps.leases.release(leaseName, lease.fence, { now: deps.now(), clean: true });
    }
  };
}

type Begun = { before: Maas360State; at: number };

async function readAndApply(deps: ImportDependencies, { before, at }: Begun): Promise<Imported> {
  const full = before.lastFullAt === null || at - before.lastFullAt >= deps.configuration.fullEveryHours * hour;
  let interrupted = before.interrupted;
  try {
    const read = await readAll(deps, full ? null : before.since);
    const changed = await changedOf(deps, read.facts);
    const ids = new Set(read.facts.map(({ id }) => id));
    const absence = full ? await absentFrom(deps, { before: before.absent, seen: ids, at }) : null;
    const changes = [...changed, ...(absence?.withdrawn ?? [])];
    const outcome = await apply(deps, { changes, before, begun: () => (interrupted = true) });
    await deps.states.write({
      since: at - overlapMs,
      lastFullAt: full ? at : before.lastFullAt,
      lastCompleteAt: at,
      interrupted: false,
      absent: absence?.absent ?? before.absent,
      devices: full ? read.devices : before.devices,
      unreadable: full ? read.unreadable : before.unreadable,
      problem: outcome === 'guarded' ? guarded(changes.length, at) : full ? (absence?.problem ?? null) : remaining(before),
      retryAt: null,
    });
    const { devices, unreadable } = read;
    const withdrawn = absence?.withdrawn.length ?? 0;
    return { outcome, kind: full ? 'full' : 'delta', devices, changed: changed.length, withdrawn, unreadable };
  } catch (error) {
    const problem = problemOf(error, { where: 'MaaS360 import', at: deps.now() });
    await deps.states.write({ ...before, interrupted, problem, retryAt: deps.now() + restAfter(error) });
    throw error;
  }
}

/** How long MaaS360 is not called after a failure, ms: long after wrong credentials, so that retries lock no account. */
function restAfter(error: unknown): number {
  if (!(error instanceof ServiceFailure)) return 0;
  if (error.kind === 'denied') return hour;
  return Math.max(error.retryAfterMs ?? 0, 60_000);
}

async function readAll({ source, configuration }: ImportDependencies, since: number | null) {
  const facts: EnrolmentFacts[] = [];
  const counts = { devices: 0, unreadable: 0 };
  for await (const page of devicesOf(source, since)) {
    const found = page.devices.flatMap((device) => factsOf(device, configuration) ?? []);
    facts.push(...found);
    counts.devices += page.devices.length;
    counts.unreadable += page.unreadable + page.devices.length - found.length;
  }
  return { facts, ...counts };
}

async function changedOf({ enrolments }: ImportDependencies, facts: readonly EnrolmentFacts[]): Promise<Enrolment[]> {
  const next = await pMap(facts, async (one) => nextVersion(one, await enrolments.read(one.id)), { concurrency: 16 });
  return next.filter((one): one is Enrolment => one !== null);
}

type Changes = { changes: readonly Enrolment[]; before: Maas360State; begun: () => void };

async function apply(deps: ImportDependencies, { changes, before, begun }: Changes): Promise<'taken' | 'guarded'> {
  if (changes.length > 0) {
    await deps.states.write({ ...before, interrupted: true });
    begun();
  }
  if (changes.length > few && (await deps.takeMany(changes)).outcome === 'guarded') return 'guarded';
  if (changes.length > 0 && changes.length <= few) await deps.takeFew(changes);
  await deps.heard();
  if (before.interrupted) await deps.decideEveryone();
  return 'taken';
}

/** A problem that only a complete read or a person can solve remains. */
const remaining = ({ problem }: Maas360State) => (problem?.kind === 'refused' ? problem : null);

function guarded(count: number, at: number): NonNullable<Maas360State['problem']> {
  return {
    kind: 'refused',
    what: `${count} changed enrolments of MaaS360 would take access from more devices than the guard allows. None was taken in`,
    where: 'MaaS360 import',
    remedy: 'Confirm or reject what waits, in the console or with "npm run extender -- guards".',
    at,
  };
}
