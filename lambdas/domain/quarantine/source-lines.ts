/**
 * Journal lines that belong to no single device: what verdicts rest on besides the devices. Each is written in the transaction of
 * the change that it describes, so that a replay (replay.ts) has every input of every decision.
 */

import type { SourceState } from '#domain/devices/source';
import type { Enrolment, EnrolmentFeed, Link } from '#domain/enrolment/enrolment';
import type { TimelineEntry } from '#domain/journal/timeline';
import type { SettingsVersion } from '#domain/quarantine/settings';

/** An enrolment was stored, in this version or (`absent`) because the portal's last snapshot did not contain it. */
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

/** Published settings, for a source to which they apply. */
export function settingsLine({ scope, version, settings, publishedBy, publishedAt }: SettingsVersion): TimelineEntry {
  return {
    at: publishedAt,
    id: `settings|${scope}|${version}`,
    kind: 'settings',
    says: `${publishedBy} published settings version ${version}${scope === '*' ? '' : ' for this source'}.`,
    data: { scope, version, settings, publishedBy },
  };
}

/** A person's decision whether a Traveler user and a portal user are the same. */
export function linkLine(user: string, { kind, portalUser, by, at }: Link): TimelineEntry {
  const says =
    kind === 'confirmed'
      ? `${by} confirmed that ${user} is the portal user ${portalUser}.`
      : `${by} said that ${user} is not the portal user ${portalUser}.`;
  return { at, id: `link|${user}|${portalUser}|${at}`, kind: 'link', says, data: { user, portalUser, link: kind, by } };
}

/** What decisions rest on at a source: the server's settings, the baselines, whether AQ is in force, the published settings. */
export type SourceFacts = Pick<SourceState, 'server' | 'baselineRuns' | 'aqInForce'> & {
  enforcement: 'server' | 'extender';
  settings: SettingsVersion;
};

/** `cause`: the run that recorded it, and the step of that run. */
export function sourceLine(
  { server, baselineRuns, aqInForce, enforcement, settings }: SourceFacts,
  { at, cause }: { at: number; cause: string },
): TimelineEntry {
  const required = { true: 'required', false: 'not required', unknown: 'unknown' }[`${server.requiresApproval}`];
  return {
    at,
    id: `source|${cause}`,
    kind: 'source',
    says: `Approval on the server: ${required}. Auto-Quarantine: ${aqInForce ? 'in force' : 'not in force'}, settings version ${settings.version}.`,
    data: { server, baselineRuns, aqInForce, enforcement, settings },
  };
}
