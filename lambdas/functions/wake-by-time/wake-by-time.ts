/**
 * What changes by time alone, found by a schedule: no message has to survive for it. Every minute:
 * - decisions that end by themselves: their users are sent to evaluation, ahead of time with a delay (so that it happens on the
 *   second) and once more when the time has passed; only then is the decision no longer looked for.
 * - an enrolment feed that went stale: every user is evaluated.
 *
 * Sent first, recorded second: a crash in between sends again, and loses nothing.
 */
import pMap from 'p-map';
import type { Page } from '#adapters/dynamodb/cursor';
import type { DecisionStore, EndingDecision } from '#adapters/dynamodb/devices/decisions';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';

export type WakeDependencies = {
  sourceIds: readonly string[];
  decisions: Pick<DecisionStore, 'endingBefore' | 'seenEnd'>;
  enrolments: Pick<EnrolmentStore, 'staleTurn' | 'noteStaleAnnounced'>;
  evaluations: EvaluationsQueue;
  now(): number;
};
export type Woken = { endings: number; ended: number; feed: 'stale' | null };

/** A schedule of one minute may run nearly a minute late. */
const aheadMs = 120_000;
/** For differing clocks: an evaluation that runs slightly early would find the decision still in effect. */
const slackSeconds = 1;

export function wakeByTime(deps: WakeDependencies) {
  return async (): Promise<Woken> => {
    const feed = await announceStaleFeed(deps);
    return { ...(await wakeEndings(deps)), feed };
  };
}

type Endings = Pick<Woken, 'endings' | 'ended'>;

/** All listed decisions, page by page; those not marked yet are listed again the next time. */
async function wakeEndings(deps: WakeDependencies): Promise<Endings> {
  const at = deps.now();
  const woken: Endings = { endings: 0, ended: 0 };
  let cursor: string | null = null;
  do {
    const page: Page<EndingDecision> = await deps.decisions.endingBefore(at + aheadMs, { cursor });
    const { endings, ended } = await wakePage(deps, page.items, at);
    woken.endings += endings;
    woken.ended += ended;
    cursor = page.cursor;
  } while (cursor !== null);
  return woken;
}

async function wakePage(
  { decisions, evaluations }: WakeDependencies,
  ending: readonly EndingDecision[],
  at: number,
): Promise<Endings> {
  const ended = ending.filter(({ expiresAt }) => expiresAt < at);
  const upcoming = ending.filter(({ expiresAt }) => expiresAt >= at);
  await evaluations.users(
    ended.map(({ key }) => key),
    'a decision has ended',
  );
  for (const [expiresAt, group] of Map.groupBy(upcoming, (one) => one.expiresAt))
    await evaluations.users(
      group.map(({ key }) => key),
      'a decision ends',
      { delaySeconds: Math.ceil((expiresAt - at) / 1000) + slackSeconds },
    );
  await pMap(ended, (one) => decisions.seenEnd(one), { concurrency: 16 });
  return { endings: ending.length, ended: ended.length };
}

/** A turn to fresh is not for the schedule: only events have the guard look at it. */
async function announceStaleFeed({ enrolments, evaluations, sourceIds, now }: WakeDependencies): Promise<Woken['feed']> {
  const turn = await enrolments.staleTurn(now());
  if (turn === null) return null;
  await evaluations.everyone(sourceIds, 'the portal has not been heard from for too long');
  await enrolments.noteStaleAnnounced(turn);
  return 'stale';
}
