/**
 * A person decides on what the guard stopped. Confirming applies it, decided afresh on what is stored by then; rejecting leaves
 * everything as it is. The decision is noted first: a crash in between is made good by deciding the same once more.
 */
import pMap from 'p-map';
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { GuardDecision, GuardStore } from '#adapters/dynamodb/settings/guards';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { type GuardItem, type GuardKind, trippedSources } from '#domain/quarantine/guard';
import { newAction } from '#use-cases/decide-user/aq-actions';
import type { StagedEnrolments } from '#use-cases/enrolments/requeue-staged';
import type { PlanFleet } from '#use-cases/plan/plan';
import type { LostAccess } from '#use-cases/plan/plan-outcome';
import { type publishSettings, waitingPublication } from '#use-cases/settings/publish-settings';

export type DecideGuardDependencies = {
  guards: Pick<GuardStore, 'begin' | 'finish' | 'release' | 'read'>;
  publishSettings: Pick<ReturnType<typeof publishSettings>, 'confirmed'>;
  enrolments: StagedEnrolments;
  plan: PlanFleet;
  ledger: Pick<Ledger, 'read' | 'request'>;
  evaluations: Pick<EvaluationsQueue, 'everyone'>;
  now(): number;
};
export type DecideGuard = ReturnType<typeof decideGuard>;
type Carry = (guard: GuardItem) => Promise<string>;

export function decideGuard(deps: DecideGuardDependencies) {
  const { guards, evaluations, now } = deps;

  async function release(guard: GuardItem): Promise<void> {
    for (const sourceId of trippedSources(guard.sources)) await guards.release(sourceId, guard.guardId);
  }
  async function letGo(guard: GuardItem): Promise<string> {
    await release(guard);
    await evaluations.everyone(trippedSources(guard.sources), `guard ${guard.guardId} confirmed`);
    return 'Every user of the source is being decided anew, and acted on.';
  }
  /** Each action that waited is put on record as cancelled, so that the same cause never asks for it again. */
  async function dismiss(guard: GuardItem): Promise<string> {
    const sourceIds = trippedSources(guard.sources);
    const { taken } = await deps.plan({ sourceIds });
    await pMap(taken, (one) => cancelled(deps, one, guard), { concurrency: 16 });
    await release(guard);
    return `${taken.length} devices keep their access.`;
  }

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
  const nothing = async () => 'Nothing was changed.';
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

async function cancelled(
  { ledger, now }: Pick<DecideGuardDependencies, 'ledger' | 'now'>,
  { device, planned }: LostAccess,
  { guardId, decidedBy }: GuardItem,
): Promise<void> {
  const at = now();
  const action = await newAction({ ledger }, device, { planned, now: at, look: true });
  if (action === null) return;
  const note = `Not carried out: ${decidedBy} rejected what the guard had stopped.`;
  const history = [...action.history, { state: 'cancelled' as const, at, note }];
  await ledger.request({ ...action, state: 'cancelled', outcome: note, rejectedGuard: guardId, history });
}
