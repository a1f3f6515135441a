/**
 * A person decides on what the guard stopped. Confirming applies it, decided afresh on what is stored by then; rejecting leaves
 * everything as it is. The decision is recorded first: after a crash, the same decision again completes it.
 */
import type { GuardDecision, GuardStore } from '#adapters/dynamodb/settings/guards';
import type { GuardItem, GuardKind } from '#domain/quarantine/guard';
import type { StagedEnrolments } from '#use-cases/enrolments/requeue-staged';
import { type publishSettings, waitingPublication } from '#use-cases/settings/publish-settings';
import { confirmTakings, type HeldTakingsDependencies, rejectTakings } from './held-takings.ts';

export type DecideGuardDependencies = HeldTakingsDependencies & {
  guards: Pick<GuardStore, 'begin' | 'finish'>;
  publishSettings: Pick<ReturnType<typeof publishSettings>, 'confirmed'>;
  enrolments: StagedEnrolments;
};
export type DecideGuard = ReturnType<typeof decideGuard>;
type Carry = (guard: GuardItem) => Promise<string>;

export function decideGuard(deps: DecideGuardDependencies) {
  const { guards, now } = deps;
  const letGo: Carry = (guard) => confirmTakings(deps, guard);
  const dismiss: Carry = (guard) => rejectTakings(deps, guard);
  const nothing: Carry = async () => 'Nothing was changed.';

  const confirm: { [K in GuardKind]: Carry } = {
    publication: async ({ payload, decidedAt }) => {
      const published = await deps.publishSettings.confirmed(waitingPublication.parse(payload), decidedAt ?? now());
      if (published.outcome !== 'conflict') return 'The settings are published.';
      return `Not published: version ${published.current.version} was published meanwhile by ${published.current.publishedBy}.`;
    },
    snapshot: (guard) => deps.enrolments.takeSnapshot(guard),
    import: (guard) => deps.enrolments.takeImport(guard),
    gather: letGo,
    feed: letGo,
  };
  const reject: { [K in GuardKind]: Carry } = {
    publication: nothing,
    snapshot: nothing,
    import: nothing,
    gather: dismiss,
    feed: dismiss,
  };

  /** Null for an id that no guard has. `decided`: it had been decided before, as the guard says. */
  return async (
    guardId: string,
    { decision, by }: { decision: GuardDecision; by: string },
  ): Promise<{ outcome: 'done' | 'decided'; guard: GuardItem } | null> => {
    const begun = await guards.begin(guardId, { decision, by, at: now() });
    if (begun === null || begun.outcome === 'decided') return begun && { outcome: 'decided', guard: begun.guard };
    const carried = await (decision === 'confirm' ? confirm : reject)[begun.guard.kind](begun.guard);
    return { outcome: 'done', guard: await guards.finish(begun.guard, carried) };
  };
}
