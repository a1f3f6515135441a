/**
 * An import that a person or a program sends over the API. If the guard stops it, it is stored as received until a person has
 * decided.
 */
import type { SnapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { fingerprint } from '#adapters/fingerprint';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { GuardItem } from '#domain/quarantine/guard';
import { firstFreeTurn } from '#use-cases/decide-user/repeated-cause';
import type { applyManyEnrolments, ManyApplied } from './apply-many-enrolments.ts';

export type ImportEnrolmentsDependencies = {
  takeMany: ReturnType<typeof applyManyEnrolments>;
  snapshots: Pick<SnapshotStore, 'add'>;
  known(guardId: string): Promise<GuardItem | null>;
  now(): number;
};
export type Imported = Extract<ManyApplied, { outcome: 'taken' | 'guarded' }>;

/** About as many enrolments as fit in one item. */
const perPart = 100;

export function importEnrolments({ takeMany: apply, snapshots, known, now }: ImportEnrolmentsDependencies) {
  /** Stored before the guard's item refers to it. A repetition of the import finds the waiting guard. */
  async function keep(snapshotId: string, given: readonly Enrolment[]): Promise<void> {
    const parts = Math.ceil(given.length / perPart);
    for (let part = 1; part <= parts; part++)
      await snapshots.add({
        snapshotId,
        part,
        parts,
        enrolments: given.slice((part - 1) * perPart, part * perPart),
        at: now(),
      });
  }
  async function guardIdOf(content: string): Promise<string> {
    const guardId = (turn: number) => `import-${content}-${turn + 1}`;
    const turn = await firstFreeTurn(async (one) => {
      const guard = await known(guardId(one));
      return guard !== null && guard.state !== 'waiting';
    }, 'An import of enrolments');
    return guardId(turn);
  }

  return async (given: readonly Enrolment[], requestedBy: string): Promise<Imported> => {
    const content = fingerprint(JSON.stringify(given));
    const guardId = await guardIdOf(content);
    const cause = `import of ${given.length} enrolments`;
    const stop = { guardId, kind: 'import' as const, cause, requestedBy, payload: { snapshotId: guardId } };
    const applied = await apply({
      jobId: `import-${content}`,
      given,
      snapshotAt: null,
      stop,
      keep: () => keep(guardId, given),
    });
    if (applied.outcome === 'outdated') throw new Error('An import is never outdated.');
    return applied;
  };
}
