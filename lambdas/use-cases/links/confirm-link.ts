/**
 * Stores a person's decision whether a Traveler user and a portal user are the same: confirmed or undone, as often as wanted. The
 * user is evaluated at once, and again after the indexes have caught up (docs/decisions/0014-indexes-trail.md).
 */
import type { LinkStore } from '#adapters/dynamodb/devices/links';
import type { EvaluationsQueue } from '#adapters/evaluations-queue';
import type { UserKey } from '#domain/devices/device';
import type { Link } from '#domain/enrolment/enrolment';

export type ConfirmLinkDependencies = {
  links: Pick<LinkStore, 'say' | 'knowsUser'>;
  evaluations: Pick<EvaluationsQueue, 'users'>;
};
export type LinkAnswer = { outcome: 'stored' | 'older' } | { outcome: 'unknown-user' };

const recheckSeconds = 60;

export function confirmLink({ links, evaluations }: ConfirmLinkDependencies) {
  return async (key: UserKey, link: Link): Promise<LinkAnswer> => {
    if (!(await links.knowsUser(key))) return { outcome: 'unknown-user' };
    const stored = await links.say(key, { ...link, portalUser: link.portalUser.toLowerCase() });
    await evaluations.users([key], `link ${link.kind}`);
    await evaluations.users([key], `link ${link.kind}: second look`, { delaySeconds: recheckSeconds });
    return { outcome: stored ? 'stored' : 'older' };
  };
}
