/**
 * Stores the parts of a snapshot as they arrive; once none is missing, the snapshot is queued to be applied (apply-staged.ts),
 * and nothing is applied before. If a part is redelivered, it is queued again, which changes nothing.
 */
import type { SnapshotPart, SnapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { enrolmentsOutgoing } from '#adapters/enrolments-queue';
import type { Queue } from '#adapters/queues';
import type { EnrolmentsMessage } from '#domain/messages/queue-messages';

export type StageSnapshotDependencies = { snapshots: Pick<SnapshotStore, 'add'>; enrolmentsQueue: Queue };

export function stageSnapshot({ snapshots, enrolmentsQueue }: StageSnapshotDependencies) {
  return async (part: SnapshotPart): Promise<'waiting' | 'whole'> => {
    if (!(await snapshots.add(part))) return 'waiting';
    const body: EnrolmentsMessage = { kind: 'snapshot', snapshotId: part.snapshotId, confirmed: false };
    await enrolmentsQueue.send([enrolmentsOutgoing(body, [part.part, part.enrolments])]);
    return 'whole';
  };
}
