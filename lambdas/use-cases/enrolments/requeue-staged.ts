/** Queues enrolments that the guard stopped and a person confirmed; this time they bypass the guard. */
import { z } from 'zod';
import { enrolmentsOutgoing } from '#adapters/enrolments-queue';
import type { Queue } from '#adapters/queues';
import type { EnrolmentsMessage } from '#domain/messages/queue-messages';
import type { GuardItem } from '#domain/quarantine/guard';

export type StagedEnrolments = {
  takeSnapshot(guard: GuardItem): Promise<string>;
  takeImport(guard: GuardItem): Promise<string>;
};

const waiting = z.object({ snapshotId: z.string().min(1) });

export function requeueStaged(enrolmentsQueue: Queue): StagedEnrolments {
  async function requeue({ payload, guardId }: GuardItem, kind: EnrolmentsMessage['kind']): Promise<string> {
    const body: EnrolmentsMessage = { kind, snapshotId: waiting.parse(payload).snapshotId, confirmed: true };
    await enrolmentsQueue.send([enrolmentsOutgoing(body, guardId)]);
    return `The ${kind} is being taken in, unless a later snapshot was taken meanwhile.`;
  }
  return { takeSnapshot: (guard) => requeue(guard, 'snapshot'), takeImport: (guard) => requeue(guard, 'import') };
}
