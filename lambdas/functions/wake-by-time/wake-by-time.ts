/**
 * What changes by time alone, found by a schedule: no message has to survive for it. Every minute:
 * - decisions that end by themselves: their users are sent to evaluation, ahead of time with a delay (so that it happens on the
 *   second) and once more when the time has passed; only then is the decision no longer looked for.
 * - an enrolment feed that went stale, or came back without everyone having been told: every user is decided anew.
 *
 * Sent first, noted second: a crash in between sends again, and loses nothing.
 */
import pMap from 'p-map';
import type { DecisionStore } from '#adapters/dynamodb/devices/decisions';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';

export type WakeDependencies = {
  sourceIds: readonly string[];
  decisions: Pick<DecisionStore, 'endingBefore' | 'seenEnd'>;
  enrolments: Pick<EnrolmentStore, 'feedTurn' | 'feedTurnTold'>;
  evaluations: EvaluationsQueue;
  now(): number;
};
export type Woken = { endings: number; ended: number; feed: 'stale' | 'fresh' | null };

/** A schedule of a minute may come late by nearly as much. */
const aheadMs = 120_000;
/** By clocks that differ: an evaluation that comes a moment early would find the decision still standing. */
const slackSeconds = 1;

export function wakeByTime(deps: WakeDependencies) {
  return async (): Promise<Woken> => {
    const feed = await tellFeedTurn(deps);
    return { ...(await wakeEndings(deps)), feed };
  };
}

async function wakeEndings({ decisions, evaluations, now }: WakeDependencies): Promise<Pick<Woken, 'endings' | 'ended'>> {
  const at = now();
  const ending = await decisions.endingBefore(at + aheadMs);
  const ended = ending.filter(({ expiresAt }) => expiresAt < at);
  const toCome = ending.filter(({ expiresAt }) => expiresAt >= at);
  await evaluations.users(
    ended.map(({ key }) => key),
    'a decision has ended',
  );
  for (const [expiresAt, together] of Map.groupBy(toCome, (one) => one.expiresAt))
    await evaluations.users(
      together.map(({ key }) => key),
      'a decision ends',
      { delaySeconds: Math.ceil((expiresAt - at) / 1000) + slackSeconds },
    );
  await pMap(ended, (one) => decisions.seenEnd(one), { concurrency: 16 });
  return { endings: ending.length, ended: ended.length };
}

async function tellFeedTurn({ enrolments, evaluations, sourceIds, now }: WakeDependencies): Promise<Woken['feed']> {
  const turn = await enrolments.feedTurn(now());
  if (turn === null) return null;
  const cause = turn.to === 'stale' ? 'the portal has not been heard from for too long' : 'the portal is heard from again';
  await evaluations.everyone(sourceIds, cause);
  await enrolments.feedTurnTold(turn);
  return turn.to;
}
