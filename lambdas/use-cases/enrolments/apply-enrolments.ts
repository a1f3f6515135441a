/**
 * Stores enrolments and sends every Traveler user whose verdict they may change to evaluation. Their previous forms are deleted
 * last, so that after a crash at any point the same enrolment, delivered again, completes it.
 */
import pMap from 'p-map';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { UserKey } from '#domain/devices/device';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { SourceConfiguration } from '#domain/runtime/configuration';
import type { GuardRun } from '#use-cases/guard/guard-run';

export type ApplyEnrolmentDependencies = {
  sources: readonly Pick<SourceConfiguration, 'id'>[];
  enrolments: Pick<EnrolmentStore, 'put' | 'announced' | 'affectedUsers' | 'noteEvent' | 'noteCleared' | 'noteAnnounced'>;
  evaluations: EvaluationsQueue;
  /** The guard, for the first event after a silent period: it can change every verdict at once. */
  rail?: Pick<GuardRun, 'withholding'>;
  now: () => number;
};
export type EnrolmentApplied = { received: number; stored: number; same: number; older: number };

const atOnce = { concurrency: 16 };

export function applyEnrolments({ sources, enrolments, evaluations, rail, now }: ApplyEnrolmentDependencies) {
  /** The first event of a feed that was silent can change the verdict of every user. */
  async function noteFeed(): Promise<void> {
    const event = await enrolments.noteEvent(now());
    if (event.outcome === 'noted') return;
    const sourceIds = sources.map(({ id }) => id);
    const cause = 'the portal is heard from again';
    const stop = { guardId: `feed-${event.turnedAt}`, kind: 'feed' as const, cause, requestedBy: 'portal', payload: null };
    await rail?.withholding(stop, { sourceIds, feed: 'fresh' });
    await enrolments.noteCleared(now());
    await evaluations.everyone(sourceIds, cause);
    await enrolments.noteAnnounced();
  }

  return async (given: readonly Enrolment[]): Promise<EnrolmentApplied> => {
    await noteFeed();
    const put = await pMap(given, async (enrolment) => ({ enrolment, ...(await enrolments.put(enrolment)) }), atOnce);
    const current = put.filter(({ outcome }) => outcome !== 'older');
    const affected = await pMap(current, ({ enrolment, formers }) => enrolments.affectedUsers(enrolment, formers), atOnce);
    await evaluations.users(distinct(affected.flat()), causeOf(given));
    const changed = current.filter(({ formers }) => formers.length > 0);
    await pMap(changed, ({ enrolment }) => enrolments.announced(enrolment), atOnce);
    const count = (wanted: string) => put.filter(({ outcome }) => outcome === wanted).length;
    return { received: given.length, stored: count('stored'), same: count('same'), older: count('older') };
  };
}

const causeOf = ([first, ...rest]: readonly Enrolment[]) =>
  first && rest.length === 0 ? `enrolment ${first.id} version ${first.version}` : `import of ${1 + rest.length} enrolments`;

const distinct = (keys: readonly UserKey[]): UserKey[] => [
  ...new Map(keys.map((key) => [`${key.sourceId}|${key.user}`, key])).values(),
];
