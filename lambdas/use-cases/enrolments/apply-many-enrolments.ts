/**
 * Applies many enrolments at once: an import, or a snapshot that replaces all. They are compared with what is stored, so that
 * only changes are written; planned for the whole fleet before anything is written, and stopped by the guard if too many devices
 * would lose access. Afterwards exactly the users for whom something changes are sent to evaluation.
 *
 * Invariants: either nothing is done, or in the end everything, however often it is interrupted: a repetition writes what is
 * still missing, and sends what an earlier attempt may have left unsent (`owes`). An older snapshot never overwrites a newer
 * one.
 */
import pMap from 'p-map';
import type { EnrolmentBulk } from '#adapters/dynamodb/enrolments/enrolment-bulk';
import { enrolmentIndex } from '#adapters/dynamodb/enrolments/enrolment-index';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { UserKey } from '#domain/devices/device';
import type { Enrolment } from '#domain/enrolment/enrolment';
import {
  type EnrolmentChange,
  enrolmentChange,
  type StoredEnrolment,
  type Wanted,
  wantedOf,
} from '#domain/enrolment/enrolment-changes';
import type { GuardItem } from '#domain/quarantine/guard';
import type { GuardRequest, GuardRun } from '#use-cases/guard/guard-run';
import type { PlanFleet } from '#use-cases/plan/plan';

export type ApplyManyDependencies = {
  sources: readonly { id: string }[];
  bulk: EnrolmentBulk;
  enrolments: Pick<EnrolmentStore, 'feed' | 'noteEvent' | 'noteCleared' | 'noteAnnounced'>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
  plan: PlanFleet;
  rail: Pick<GuardRun, 'before'>;
  now(): number;
};
export type ManyEnrolments = {
  /** The same for every repetition of the same import or snapshot. */
  jobId: string;
  given: readonly Enrolment[];
  /** When the snapshot was made, epoch ms; null for an import, which adds to what is there. */
  snapshotAt: number | null;
  /** How the guard describes it; null when a person has confirmed it. */
  stop: GuardRequest | null;
  /** Stores the enrolments until a person confirms them. */
  keep?: () => Promise<void>;
};
/** Counts. `withdrawn`: no longer in the portal's snapshot. `older`: stored in a newer version. */
export type ManyApplied =
  | { outcome: 'taken'; stored: number; withdrawn: number; same: number; older: number; users: number }
  | { outcome: 'outdated' }
  | { outcome: 'guarded'; guard: GuardItem };

const triesEach = 5;

export function applyManyEnrolments(deps: ApplyManyDependencies) {
  const { bulk, plan, rail, now } = deps;
  const sourceIds = deps.sources.map(({ id }) => id);

  return async (many: ManyEnrolments): Promise<ManyApplied> => {
    const { jobId, given, snapshotAt, stop } = many;
    const [stored, unfinished, feed] = await Promise.all([bulk.readAll(), bulk.owes(jobId), deps.enrolments.feed(now())]);
    const wanted = wantedOf(given, { stored: stored.keys(), snapshotAt });
    const changes = wanted.flatMap((one) => enrolmentChange(stored.get(one.id) ?? null, one) ?? []);
    // What was begun is completed: the guard cleared it before the first write.
    if (stop && !unfinished && (changes.length > 0 || feed !== 'fresh')) {
      const supposed = { sourceIds, enrolments: enrolmentIndex(after(stored, changes)), feed: 'fresh' as const };
      const result = await rail.before(stop, supposed, many.keep);
      if (result.outcome === 'stopped') return { outcome: 'guarded', guard: result.guard };
    }
    if (snapshotAt !== null && !(await bulk.beginSnapshot(jobId, snapshotAt))) return { outcome: 'outdated' };
    const feedReturned = (await deps.enrolments.noteEvent(now())).outcome === 'owed';
    if (changes.length === 0 && !unfinished && !feedReturned) return summary(many, { known: stored, changes, users: [] });
    await bulk.noteOwed(jobId, { owes: true, now: now() });
    if ((await writeAll(changes, { wanted, snapshotAt })) === 'outdated') return { outcome: 'outdated' };
    // The guard looked at the enrolments together with a fresh feed.
    if (feedReturned) await deps.enrolments.noteCleared(now());
    const { users } = await plan({ sourceIds });
    await deps.evaluations.users(users, snapshotAt === null ? 'import of enrolments' : 'snapshot of enrolments');
    await bulk.noteOwed(jobId, { owes: false, now: now() });
    if (feedReturned) await deps.enrolments.noteAnnounced();
    return summary(many, { known: stored, changes, users });
  };

  async function writeAll(
    changes: readonly EnrolmentChange[],
    { wanted, snapshotAt }: { wanted: readonly Wanted[]; snapshotAt: number | null },
  ): Promise<'written' | 'outdated'> {
    const refused = await bulk.write(changes, snapshotAt);
    const byId = new Map(wanted.map((one) => [one.id, one]));
    const again = refused.flatMap(({ next }) => byId.get(next.enrolment.id) ?? []);
    const outcomes = await pMap(again, (one) => writeOne(one, snapshotAt), { concurrency: 8 });
    return outcomes.includes('outdated') ? 'outdated' : 'written';
  }

  /** Another writer changed it meanwhile: compares again with what is stored now. */
  async function writeOne(wanted: Wanted, snapshotAt: number | null): Promise<'written' | 'outdated'> {
    for (let round = 0; round < triesEach; round++) {
      const change = enrolmentChange(await bulk.read(wanted.id), wanted);
      if (change === null || (await bulk.write([change], snapshotAt)).length === 0) return 'written';
      if (snapshotAt !== null && (await bulk.latestSnapshotAt()) !== snapshotAt) return 'outdated';
    }
    throw new Error(`Enrolment ${wanted.id} was written by others ${triesEach} times in a row. The message comes again.`);
  }
}

type Compared = { known: ReadonlyMap<string, StoredEnrolment>; changes: readonly EnrolmentChange[] };

function after(stored: ReadonlyMap<string, StoredEnrolment>, changes: readonly EnrolmentChange[]): Enrolment[] {
  const all = new Map([...stored].map(([id, { enrolment }]) => [id, enrolment]));
  for (const { next } of changes) all.set(next.enrolment.id, next.enrolment);
  return [...all.values()];
}

function summary({ given }: ManyEnrolments, { known, changes, users }: Compared & { users: readonly UserKey[] }): ManyApplied {
  const withdrawn = changes.filter(({ next }) => next.absent).length;
  const stored = changes.length - withdrawn;
  const older = given.filter(({ id, version }) => (known.get(id)?.enrolment.version ?? version) > version).length;
  return { outcome: 'taken', stored, withdrawn, same: given.length - stored - older, older, users: users.length };
}
