/**
 * The hourly guard on wipes: more than `maxWipesPerHour` at one source within an hour wait until a person confirms each by a
 * second call. Counted before the write, by action, so that a try that is repeated counts once.
 */
import { stepsThrough } from '#domain/actions/steps';
import type { ActResult } from '#use-cases/actions/end-action';
import type { ActDependencies, Try } from './dependencies.ts';
import { happened } from './endings.ts';

const hourMs = 3_600_000;

export async function admitted(deps: ActDependencies, one: Try): Promise<'admitted' | ActResult> {
  const { action } = one;
  if (action.type !== 'wipe' || action.confirmation?.confirmedAt) return 'admitted';
  const now = deps.now();
  const limit = deps.maxWipesPerHour;
  const counted = await deps.wipes.admit(action.sourceId, { actionId: action.actionId, now, since: now - hourMs, limit });
  if (counted) return 'admitted';
  const note = `More than ${limit} wipes were asked for at this source within an hour, so this one waits: confirm it with a second call if it is meant, or cancel it.`;
  const change = {
    steps: stepsThrough(action, [happened(deps, 'postpone', note)]),
    claim: null,
    notBefore: action.expiresAt,
    confirmation: { askedAt: now, confirmedBy: null, confirmedAt: null },
  };
  const line = {
    at: now,
    id: `confirmation|${action.actionId}`,
    kind: 'notice' as const,
    says: note,
    data: { actionId: action.actionId, type: action.type, requestedBy: action.requestedBy },
  };
  return (await deps.ledger.end(action, change, () => line)) ? 'done' : 'overtaken';
}
