/**
 * Takes MaaS360's enrolments in, by the same path as the portal's events. Most reads ask only for devices that reported since
 * the last one; once in a while all are read, because a device that vanished reports nothing.
 *
 * Invariants: the cursor moves only after a whole read; what a read that broke off had stored is sent to evaluation by the next
 * one; a device counts as gone only when two whole reads in a row did not list it; MaaS360 counts as heard from only after a
 * whole read, so that nobody is held because the first one was still under way.
 */
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments';
import type { LeaseStore } from '#adapters/dynamodb/leases';
import type { Maas360State, Maas360StateStore } from '#adapters/dynamodb/maas360-state';
import type { Maas360 } from '#adapters/maas360/maas360';
import { problemOf, ServiceFailure } from '#adapters/service-failure';
import type { Maas360Configuration, RuntimeConfiguration } from '#domain/configuration';
import type { Enrolment } from '#domain/enrolment';
import { factsOf, isOfMaas360, nextVersion, unlisted } from '#domain/maas360';
import type { Taken } from '#functions/take-enrolment/take-enrolment';
import { devicesOf } from './read-devices.ts';

export type ImportDependencies = {
  configuration: Pick<Maas360Configuration, 'fullEveryHours' | 'policiesPushingMail'>;
  guard: RuntimeConfiguration['guard'];
  source: Pick<Maas360, 'page'>;
  states: Maas360StateStore;
  leases: Pick<LeaseStore, 'acquire' | 'release'>;
  enrolments: Pick<EnrolmentStore, 'read' | 'list'>;
  /** Stores enrolments and sends who is affected to evaluation. */
  take: (enrolments: readonly Enrolment[]) => Promise<Taken>;
  /** Notes that enrolments are up to date. */
  heard: () => Promise<void>;
  now: () => number;
};
export type Imported =
  | { outcome: 'resting' | 'under-way' }
  | { outcome: 'complete'; kind: 'full' | 'delta'; devices: number; changed: number; withdrawn: number; unreadable: number };

const hour = 3_600_000;
/** As long as the function may run at most. */
const leaseMs = 15 * 60_000;
/** Devices that reported just before a read began may be listed only after it; what is read twice changes nothing. */
const overlapMs = 10 * 60_000;
const leaseName = 'maas360|import';

/** Throws what kept it from a whole read, after having noted it for the status. */
export function importEnrolments(dependencies: ImportDependencies) {
  const { states, leases, now } = dependencies;
  return async (): Promise<Imported> => {
    const at = now();
    const lease = await leases.acquire(leaseName, { now: at, lengthMs: leaseMs });
    if (lease === null) return { outcome: 'under-way' };
    try {
      const before = await states.read();
      if (before.retryAt !== null && before.retryAt > at) return { outcome: 'resting' };
      await states.write({ ...before, interrupted: true });
      return await readNow(dependencies, { before, at });
    } finally {
      await leases.release(leaseName, lease.fence, { now: now(), clean: true });
    }
  };
}

type Begun = { before: Maas360State; at: number };

async function readNow(dependencies: ImportDependencies, { before, at }: Begun): Promise<Imported> {
  const { configuration, states, heard, now } = dependencies;
  const due = before.lastFullAt === null || at - before.lastFullAt >= configuration.fullEveryHours * hour;
  try {
    const read = await takeAll(dependencies, { before, at, since: due ? null : before.since });
    const gone = due ? await withdrawAbsent(dependencies, { before, at, seen: read.seen }) : null;
    await heard();
    const { devices, changed, unreadable } = read;
    await states.write({
      since: at - overlapMs,
      lastFullAt: due ? at : before.lastFullAt,
      lastCompleteAt: at,
      interrupted: false,
      absent: gone ? gone.absent : before.absent,
      devices: due ? devices : before.devices,
      unreadable: due ? unreadable : before.unreadable,
      problem: gone ? gone.problem : before.problem?.kind === 'refused' ? before.problem : null,
      retryAt: null,
    });
    const withdrawn = gone?.withdrawn ?? 0;
    return { outcome: 'complete', kind: due ? 'full' : 'delta', devices, changed, withdrawn, unreadable };
  } catch (error) {
    const problem = problemOf(error, { where: 'MaaS360 import', at: now() });
    await states.write({ ...before, interrupted: true, problem, retryAt: now() + restAfter(error) });
    throw error;
  }
}

/** How long MaaS360 is left alone after a failure: long after wrong credentials, so that no account is locked by repetition. */
function restAfter(error: unknown): number {
  if (!(error instanceof ServiceFailure)) return 0;
  if (error.kind === 'denied') return hour;
  return Math.max(error.retryAfterMs ?? 0, 60_000);
}

async function takeAll(dependencies: ImportDependencies, { before, at, since }: Begun & { since: number | null }) {
  const { source, enrolments, take, configuration } = dependencies;
  const seen = new Set<string>();
  const counts = { devices: 0, changed: 0, unreadable: 0 };
  for await (const { devices, unreadable } of devicesOf(source, since)) {
    const facts = devices.flatMap((device) => factsOf(device, configuration) ?? []);
    const news: Enrolment[] = [];
    for (const one of facts) {
      seen.add(one.id);
      const stored = await enrolments.read(one.id);
      const next = nextVersion(one, stored, at);
      if (next) counts.changed += 1;
      // What a read that broke off had stored says the same, and may not have been evaluated.
      const wanted = next ?? (before.interrupted ? stored : null);
      if (wanted) news.push(wanted);
    }
    if (news.length > 0) await take(news);
    counts.devices += devices.length;
    counts.unreadable += unreadable + devices.length - facts.length;
  }
  return { seen, ...counts };
}

type Absence = { absent: string[]; withdrawn: number; problem: Maas360State['problem'] };

/** Enrolments that this whole read does not list, and the one before did not either, count as enrolled no longer. */
async function withdrawAbsent(
  { enrolments, take, guard }: ImportDependencies,
  { before, at, seen }: Begun & { seen: ReadonlySet<string> },
): Promise<Absence> {
  const { all, missing } = await notSeen(enrolments, { seen, again: before.interrupted });
  const known = new Set(before.absent);
  const gone = missing.filter(({ id, status }) => known.has(id) || status === unlisted);
  const absent = missing.filter(({ status }) => status !== unlisted).map(({ id }) => id);
  const tooMany = gone.length > guard.maxDevices && gone.length > (all * guard.maxPercent) / 100;
  if (tooMany || (seen.size === 0 && all > 0))
    return { absent: absent.slice(0, mostRemembered), withdrawn: 0, problem: suspicious(gone.length, { all, at }) };
  const withdrawn = gone.map((one) => nextVersion({ ...one, status: unlisted }, one, at) ?? one);
  if (withdrawn.length > 0) await take(withdrawn);
  const left = absent.filter((id) => !known.has(id)).slice(0, mostRemembered);
  return { absent: left, withdrawn: withdrawn.length, problem: null };
}

/** So many ids fit the item; the others wait for a later read. */
const mostRemembered = 3000;

async function notSeen(
  enrolments: ImportDependencies['enrolments'],
  { seen, again }: { seen: ReadonlySet<string>; again: boolean },
): Promise<{ all: number; missing: Enrolment[] }> {
  const missing: Enrolment[] = [];
  let all = 0;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof enrolments.list>> = await enrolments.list(cursor, 1000);
    const own = page.enrolments.filter((one) => isOfMaas360(one) && (again || one.status !== unlisted));
    all += own.length;
    missing.push(...own.filter(({ id }) => !seen.has(id)));
    cursor = page.cursor;
  } while (cursor !== null);
  return { all, missing };
}

function suspicious(gone: number, { all, at }: { all: number; at: number }): NonNullable<Maas360State['problem']> {
  return {
    kind: 'refused',
    what: `MaaS360 no longer lists ${gone} of ${all} enrolments: more than the guard allows. None was withdrawn`,
    where: 'MaaS360 device search',
    remedy:
      'Look in MaaS360 whether they are really gone. If so, raise guard.maxDevices in the configuration until the next whole read.',
    at,
  };
}
