/**
 * Takes a snapshot of enrolments: a whole replacement, taken as one only when every part has come. What it does not hold is
 * no longer enrolled, unless it changed after the snapshot was made. Repeating any of it changes nothing further.
 */
import pMap from 'p-map';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments';
import type { Snapshot, SnapshotPart, SnapshotStore } from '#adapters/dynamodb/snapshots';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { isEnrolled } from '#domain/device-match';
import type { Enrolment } from '#domain/enrolment';
import type { takeEnrolments } from '#functions/take-enrolment/take-enrolment';

export type TakeSnapshotDependencies = {
  enrolments: Pick<EnrolmentStore, 'list' | 'withdraw' | 'affectedUsers' | 'announced'>;
  snapshots: SnapshotStore;
  takeEnrolments: ReturnType<typeof takeEnrolments>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
};
export type SnapshotTaken = { outcome: 'waiting' | 'outdated' | 'taken'; withdrawn: number };

/** The status of an enrolment that the portal's last snapshot did not hold. */
export const absentStatus = 'not in the portal’s last snapshot';

export function takeSnapshot({ enrolments, snapshots, takeEnrolments: take, evaluations }: TakeSnapshotDependencies) {
  async function absentFrom({ enrolments: held, at }: Snapshot): Promise<Enrolment[]> {
    const ids = new Set(held.map(({ id }) => id));
    const absent: Enrolment[] = [];
    let cursor: string | null = null;
    do {
      const page = await enrolments.list(cursor, 1000);
      const owed = new Set(page.unannounced);
      const missing = page.enrolments.filter((one) => !ids.has(one.id) && changedMs(one) < at);
      absent.push(...missing.filter((one) => isEnrolled(one) || (one.status === absentStatus && owed.has(one.id))));
      cursor = page.cursor;
    } while (cursor !== null);
    return absent;
  }

  async function withdraw(before: Enrolment): Promise<void> {
    const after = await enrolments.withdraw(before.id, absentStatus);
    await evaluations.users(await enrolments.affectedUsers(after, [before]), `enrolment ${after.id} left the snapshot`);
    await enrolments.announced(after);
  }

  return async (part: SnapshotPart): Promise<SnapshotTaken> => {
    const snapshot = await snapshots.add(part);
    if (snapshot === null) return { outcome: 'waiting', withdrawn: 0 };
    if (await snapshots.isOutdated(snapshot)) return { outcome: 'outdated', withdrawn: 0 };
    await take(snapshot.enrolments);
    const absent = await absentFrom(snapshot);
    await pMap(absent, withdraw, { concurrency: 8 });
    await snapshots.taken(snapshot);
    return { outcome: 'taken', withdrawn: absent.length };
  };
}

const changedMs = ({ changedAt }: Enrolment): number => (typeof changedAt === 'number' ? changedAt : Date.parse(changedAt));
