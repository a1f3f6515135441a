/**
 * Lines of the journal that belong to no single device: what verdicts rest on besides the devices. Each is written in the
 * transaction of the change it tells, so that a replay (replay.ts) has every input of every decision.
 */
import type { Enrolment, EnrolmentFeed, Link } from '#domain/enrolment';
import type { Settings } from '#domain/settings';
import type { SourceState } from '#domain/source';
import type { TimelineEntry } from '#domain/timeline';

/** Stored, in this version or (`absent`) because the portal's last snapshot did not hold it. */
export function enrolmentLine(
  enrolment: Enrolment,
  { before, at, absent }: { before: Enrolment | null; at: number; absent: boolean },
): TimelineEntry {
  const { id, version, status } = enrolment;
  const was = before === null ? '' : `, before: ${before.status}`;
  return {
    at,
    id: `enrolment|${id}|${version}|${absent ? `absent|${at}` : at}`,
    kind: 'enrolment',
    says: `Enrolment ${id} version ${version} taken in: ${status}${was}.`,
    data: { enrolment },
  };
}

export function feedLine(state: Exclude<EnrolmentFeed, 'never'>, at: number): TimelineEntry {
  const says =
    state === 'fresh'
      ? 'The portal is heard from: what it says of enrolments counts.'
      : 'The portal has not been heard from for too long: what it said of enrolments is not relied on.';
  return { at, id: `feed|${state}|${at}`, kind: 'feed', says, data: { state } };
}

export type PublishedSettings = { scope: string; version: number; settings: Settings; publishedBy: string; publishedAt: number };

export function settingsLine({ scope, version, settings, publishedBy, publishedAt }: PublishedSettings): TimelineEntry {
  const where = scope === '*' ? 'for every source' : `for source ${scope}`;
  return {
    at: publishedAt,
    id: `settings|${scope}|${version}`,
    kind: 'settings',
    says: `Settings version ${version} ${where} published by ${publishedBy}.`,
    data: { scope, version, settings, publishedBy },
  };
}

/** A person's word on whether a Traveler user and a portal user are the same. */
export function linkLine(user: string, { kind, portalUser, by, at }: Link): TimelineEntry {
  const says =
    kind === 'confirmed'
      ? `${by} confirmed that ${user} is the portal user ${portalUser}.`
      : `${by} said that ${user} is not the portal user ${portalUser}.`;
  return { at, id: `link|${user}|${portalUser}|${at}`, kind: 'link', says, data: { user, portalUser, link: kind, by } };
}

/** What a decision rests on at a source: the server's own settings, what counts as existing, and whether AQ is in force. */
export type SourceFacts = Pick<SourceState, 'server' | 'baselineRuns' | 'aqInForce'> & { enforcement: 'server' | 'extender' };

export function sourceLine({ at, cause, facts }: { at: number; cause: string; facts: SourceFacts }): TimelineEntry {
  const required = { true: 'required', false: 'not required', unknown: 'unknown' }[`${facts.server.requiresApproval}`];
  return {
    at,
    id: `source|${cause}|${facts.aqInForce}|${facts.baselineRuns.length}`,
    kind: 'source',
    says: `The server's approval: ${required}; Auto-Quarantine is ${facts.aqInForce ? '' : 'not '}in force.`,
    data: { ...facts },
  };
}
