/** Applies a completely stored snapshot or import as a whole, unless the guard stops it. */
import type { SnapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { fingerprint } from '#adapters/fingerprint';
import type { EnrolmentsMessage } from '#domain/messages/queue-messages';
import type { GuardItem } from '#domain/quarantine/guard';
import type { GuardRequest } from '#use-cases/guard/guard-run';
import type { applyManyEnrolments, ManyApplied } from './apply-many-enrolments.ts';

export type ApplyStagedDependencies = {
  snapshots: Pick<SnapshotStore, 'read'>;
  takeMany: ReturnType<typeof applyManyEnrolments>;
  known(guardId: string): Promise<GuardItem | null>;
};
/** `gone`: it has expired, and nothing was done. `decided`: a person has rejected it, or still has to decide. */
export type StagedApplied = ManyApplied | { outcome: 'gone' | 'decided' };

export const snapshotGuardId = (snapshotId: string) => `snapshot-${fingerprint(snapshotId)}`;

export function applyStaged({ snapshots, takeMany: apply, known }: ApplyStagedDependencies) {
  return async ({ kind, snapshotId, confirmed }: EnrolmentsMessage): Promise<StagedApplied> => {
    const guardId = snapshotGuardId(snapshotId);
    if (!confirmed) {
      const guard = await known(guardId);
      if (guard && guard.state !== 'confirmed') return { outcome: 'decided' };
    }
    const whole = await snapshots.read(snapshotId);
    if (whole === null) return { outcome: 'gone' };
    const { enrolments, at } = whole;
    const stop: GuardRequest = {
      guardId,
      kind,
      cause: `${kind} of ${enrolments.length} enrolments`,
      requestedBy: 'portal',
      payload: { snapshotId },
    };
    const snapshotAt = kind === 'snapshot' ? at : null;
    return apply({ jobId: snapshotId, given: enrolments, snapshotAt, stop: confirmed ? null : stop });
  };
}
