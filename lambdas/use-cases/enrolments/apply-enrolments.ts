/**
 * Takes many enrolments in at once: an import, or a snapshot that replaces all. Compared with what is stored first, so that
 * only changes are written; tried out on the whole fleet before anything is written, and stopped by the guard where it would
 * take access from too many. Afterwards exactly those users are sent to evaluation for whom something changes.
 *
 * Invariants: either nothing of it is done, or, however often it is cut off, all of it in the end: repeated, it writes what is
 * still to be written, and sends (`owes`) what an earlier try may have left unsent. No earlier snapshot writes over a later one.
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
  /** How the guard is to call it; null when a person has confirmed it. */
  stop: GuardRequest | null;
  /** Stores what is to be applied once a person confirms it. */
  keep?: () => Promise<void>;
};
/** `withdrawn`: no longer held by the portal. `older`: known in a newer version. */
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
    const [stored, owes, feed] = await Promise.all([bulk.readAll(), bulk.owes(jobId), deps.enrolments.feed(now())]);
    const wanted = wantedOf(given, { stored: stored.keys(), snapshotAt });
    const changes = wanted.flatMap((one) => enrolmentChange(stored.get(one.id) ?? null, one) ?? []);
    // What was started is completed: the guard decided before the first write.
    if (stop && !owes && (changes.length > 0 || feed !== 'fresh')) {
      const supposed = { sourceIds, enrolments: enrolmentIndex(after(stored, changes)), feed: 'fresh' as const };
      const railed = await rail.before(stop, supposed, many.keep);
      if (railed.outcome === 'stopped') return { outcome: 'guarded', guard: railed.guard };
    }
    if (snapshotAt !== null && !(await bulk.beginSnapshot(jobId, snapshotAt))) return { outcome: 'outdated' };
    const turned = (await deps.enrolments.noteEvent(now())).outcome === 'owed';
    if (changes.length === 0 && !owes && !turned) return summary(many, { known: stored, changes, users: [] });
    await bulk.noteOwed(jobId, { owes: true, now: now() });
    if ((await writeAll(changes, { wanted, snapshotAt })) === 'outdated') return { outcome: 'outdated' };
    // The guard looked at the enrolments together with a fresh feed.
    if (turned) await deps.enrolments.noteCleared(now());
    const { users } = await plan({ sourceIds });
    await deps.evaluations.users(users, snapshotAt === null ? 'import of enrolments' : 'snapshot of enrolments');
    await bulk.noteOwed(jobId, { owes: false, now: now() });
    if (turned) await deps.enrolments.noteAnnounced();
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

  /** Others wrote it in between: compared with what is there now. */
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
