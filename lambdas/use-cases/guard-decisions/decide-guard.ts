/**
 * A person decides on what the guard stopped. A confirmation applies it, evaluated again on what is stored then; a rejection
 * leaves everything unchanged. The decision is recorded first: after a crash, the same decision, repeated, completes it.
 */
import type { GuardDecision, GuardStore } from '#adapters/dynamodb/guards/guards';
import type { GuardItem, GuardKind } from '#domain/quarantine/guard';
import type { StagedEnrolments } from '#use-cases/enrolments/requeue-staged';
import { type publishSettings, waitingPublication } from '#use-cases/settings/publish-settings';
import { confirmTakings, type HeldTakingsDependencies, rejectTakings } from './release-or-cancel.ts';

export type DecideGuardDependencies = HeldTakingsDependencies & {
  guards: Pick<GuardStore, 'begin' | 'finish'>;
  publishSettings: Pick<ReturnType<typeof publishSettings>, 'confirmed'>;
  enrolments: StagedEnrolments;
};
export type DecideGuard = ReturnType<typeof decideGuard>;
type Apply = (guard: GuardItem) => Promise<string>;

export function decideGuard(deps: DecideGuardDependencies) {
  const { guards, now } = deps;
  const confirmHeld: Apply = (guard) => confirmTakings(deps, guard);
  const rejectHeld: Apply = (guard) => rejectTakings(deps, guard);
  const nothing: Apply = async () => 'Nothing was changed.';

  const confirm: { [K in GuardKind]: Apply } = {
    publication: async ({ payload, decidedAt }) => {
      const published = await deps.publishSettings.confirmed(waitingPublication.parse(payload), decidedAt ?? now());
      if (published.outcome !== 'conflict') return 'The settings are published.';
      return `Not published: version ${published.current.version} was published meanwhile by ${published.current.publishedBy}.`;
    },
    snapshot: (guard) => deps.enrolments.takeSnapshot(guard),
    import: (guard) => deps.enrolments.takeImport(guard),
    gather: confirmHeld,
    feed: confirmHeld,
  };
  const reject: { [K in GuardKind]: Apply } = {
    publication: nothing,
    snapshot: nothing,
    import: nothing,
    gather: rejectHeld,
    feed: rejectHeld,
  };

  /** Null for an unknown id. `decided`: it was decided before, as the guard shows. */
  return async (
    guardId: string,
    { decision, by }: { decision: GuardDecision; by: string },
  ): Promise<{ outcome: 'done' | 'decided'; guard: GuardItem } | null> => {
    const begun = await guards.begin(guardId, { decision, by, at: now() });
    if (begun === null || begun.outcome === 'decided') return begun && { outcome: 'decided', guard: begun.guard };
    const outcome = await (decision === 'confirm' ? confirm : reject)[begun.guard.kind](begun.guard);
    return { outcome: 'done', guard: await guards.finish(begun.guard, outcome) };
  };
}
