/**
 * A decision on what a guard holds back at a source (kinds `gather` and `feed`). Each guard ends only its own hold: what a person
 * confirmed while another guard holds the source is carried out once that one is decided too, and a rejection cancels what the
 * rejected guard stopped. The order is cancel, release, evaluate, so that an interrupted decision can be repeated.
 */
import pMap from 'p-map';
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { GuardStore } from '#adapters/dynamodb/guards/guards';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import { type GuardItem, trippedSources } from '#domain/quarantine/guard';
import { confirmedGuards, guardedKey, guardsHolding, isRejected, type RejectedLosses } from '#domain/quarantine/guard-holds';
import { newAction } from '#use-cases/decide-user/aq-actions';
import type { PlanFleet } from '#use-cases/plan/plan';
import type { LostAccess } from '#use-cases/plan/plan-outcome';

export type HeldTakingsDependencies = {
  guards: Pick<GuardStore, 'read' | 'holds' | 'release' | 'takings'>;
  plan: PlanFleet;
  ledger: Pick<Ledger, 'read' | 'request'>;
  evaluations: Pick<EvaluationsQueue, 'everyone'>;
  now(): number;
};

const cancelledAtOnce = 16;

/** Ends the guard's holds and evaluates every user of the sources that are then free. Returns the outcome as a sentence. */
export async function confirmTakings(deps: HeldTakingsDependencies, guard: GuardItem): Promise<string> {
  const { free, held } = await release(deps, guard, 'confirm');
  await deps.evaluations.everyone(free, `guard ${guard.guardId} confirmed`);
  const done = free.length === 0 ? [] : ['Every user of the source is being decided anew, and acted on.'];
  return [...done, ...held.map((one) => stillHeld(one, 'What it stopped is carried out once that is decided too.'))].join(' ');
}

/**
 * Records what the guard stopped as cancelled, so that the same cause never requests it again, and ends its holds. Returns the
 * outcome as a sentence.
 */
export async function rejectTakings(deps: HeldTakingsDependencies, guard: GuardItem): Promise<string> {
  const own = new Set((await deps.guards.takings(guard)).map(guardedKey));
  const sourceIds = trippedSources(guard.sources);
  const rejected = new Map<string, RejectedLosses>();
  const toEvaluate = new Set<string>();
  for (const sourceId of sourceIds) {
    const holds = await deps.guards.holds(sourceId);
    const holding = guardsHolding(holds);
    const alone = holding.length === 1 && holding[0] === guard.guardId;
    const confirmed = alone ? await takingsOf(deps, confirmedGuards(holds)) : new Set<string>();
    rejected.set(sourceId, { own, confirmed, alone });
    // Already released: this is a repetition, and it is no longer known whether a confirmed guard was waiting.
    if (!holding.includes(guard.guardId) || confirmedGuards(holds).length > 0) toEvaluate.add(sourceId);
  }
  const { taken } = await deps.plan({ sourceIds });
  const cancelling = taken.filter(({ device }) => {
    const of = rejected.get(device.sourceId);
    return of !== undefined && isRejected(guardedKey(device), of);
  });
  await pMap(cancelling, (one) => cancel(deps, one, guard), { concurrency: cancelledAtOnce });
  const { free, held } = await release(deps, guard, 'reject');
  const evaluated = free.filter((id) => toEvaluate.has(id));
  if (evaluated.length > 0) await deps.evaluations.everyone(evaluated, `guard ${guard.guardId} rejected`);
  return [`${cancelling.length} devices keep their access.`, ...held.map((one) => stillHeld(one))].join(' ');
}

type Released = { free: string[]; held: { sourceId: string; by: string[] }[] };

async function release(
  { guards }: Pick<HeldTakingsDependencies, 'guards'>,
  { guardId, sources }: GuardItem,
  decision: 'confirm' | 'reject',
): Promise<Released> {
  const released: Released = { free: [], held: [] };
  for (const sourceId of trippedSources(sources)) {
    const by = await guards.release(sourceId, { guardId, decision });
    if (by.length === 0) released.free.push(sourceId);
    else released.held.push({ sourceId, by });
  }
  return released;
}

const stillHeld = ({ sourceId, by }: Released['held'][number], then = ''): string =>
  `Source ${sourceId} still waits for ${by.length === 1 ? 'guard' : 'guards'} ${by.join(', ')}. ${then}`.trim();

async function takingsOf({ guards }: Pick<HeldTakingsDependencies, 'guards'>, guardIds: readonly string[]): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const guardId of guardIds) {
    const guard = await guards.read(guardId);
    if (guard) for (const device of await guards.takings(guard)) keys.add(guardedKey(device));
  }
  return keys;
}

async function cancel(
  { ledger, now }: Pick<HeldTakingsDependencies, 'ledger' | 'now'>,
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
