/**
 * Where everything is stored in DynamoDB: the only place that builds keys and names indexes. `|` separates parts; a source id
 * contains none, and the last part may contain any number.
 *
 * Devices   pk `source|user`, sk `device|id` · `decision|deviceId|decisionId` · `withdrawal|deviceId` · `link|portalUser`
 *           byDeviceId (idKey, pk): links too · byName (nameKey, pk) · bySource (shard, hash)
 *           moving (moving, hash): devices in transition by source, and decisions that expire by time
 *           byVerdict (verdictKey, verdictSince): devices that are held, undetermined or blocked, the longest first; all KEYS_ONLY
 * Enrolments pk `user|email`, sk `enrolment|id`; pointers to them: pk `mail|…` `name|…` `traveler|…` `id|…`, sk `email|id`
 * Actions   pk `actionId`; byDevice (deviceKey, requestedAt) · open (openKey, dueAt)
 * Journal   lines pk `device|source|user|id` or `source|id`, sk `time|id`; their chain pk `chain|source`, sk number;
 *           its head pk `chain-head|source`; a mark for each chained line pk `chained|lineId`
 * Control   pk/sk of sources, leases, manifests, runs, settings, feed, snapshots
 */
import type { DeviceKey, UserKey } from '#domain/devices/device';

export const indexes = {
  byDeviceId: 'byDeviceId',
  byName: 'byName',
  bySource: 'bySource',
  moving: 'moving',
  byVerdict: 'byVerdict',
  byDevice: 'byDevice',
  open: 'open',
} as const;

/** Shards of a source's listing in the bySource index: hex digits of the key hash. */
export const listingShards = [...'0123456789abcdef'] as const;

export const userPk = ({ sourceId, user }: UserKey) => `${sourceId}|${user}`;
export const deviceSk = (deviceId: string) => `device|${deviceId}`;
export const decisionSk = (deviceId: string, decisionId: string) => `decision|${deviceId}|${decisionId}`;
export const linkSk = (portalUser: string) => `link|${portalUser.toLowerCase()}`;
export const withdrawalSk = (deviceId: string) => `withdrawal|${deviceId}`;
/** In the index of device ids: finds users that only a link connects to a portal user. */
export const linkIdKey = (portalUser: string) => `link|${portalUser.toLowerCase()}`;
/** In the index of transitions: decisions that expire, by expiry time. No source id contains a `|`. */
export const endingDecisions = 'ending|decisions';
export const endingKey = (at: number) => String(at).padStart(16, '0');
export const deviceIdKey = (deviceId: string) => deviceId.toLowerCase();
export const shardKey = (sourceId: string, hash: string) => `${sourceId}|${hash.slice(0, 1)}`;

/** In the index of verdicts. */
export const verdictKey = (sourceId: string, verdict: string) => `${sourceId}|${verdict}`;
/** Sorts by time (epoch ms); the hash makes it unique. */
export const verdictSince = (at: number, hash: string) => `${String(at).padStart(16, '0')}|${hash}`;

export function parseUserPk(pk: string): UserKey {
  const cut = pk.indexOf('|');
  return { sourceId: pk.slice(0, cut), user: pk.slice(cut + 1) };
}

export const enrolmentUserPk = (email: string) => `user|${email.toLowerCase()}`;
export const enrolmentSk = (id: string) => `enrolment|${id}`;
export const mailPointerPk = (mailDeviceId: string) => `mail|${mailDeviceId.toLowerCase()}`;
export const namePointerPk = (displayName: string) => `name|${displayName.toLowerCase()}`;
export const travelerPointerPk = (canonicalName: string) => `traveler|${canonicalName}`;
export const idPointerPk = (enrolmentId: string) => `id|${enrolmentId}`;
export const pointerSk = (email: string, id: string) => `${email.toLowerCase()}|${id}`;

export const deviceText = ({ sourceId, user, deviceId }: DeviceKey) => `${sourceId}|${user}|${deviceId}`;
export const journalPk = (key: DeviceKey) => `device|${deviceText(key)}`;
export const journalSk = (at: number, id: string) => `${new Date(at).toISOString()}|${id}`;

/** Lines of a source itself; `*`: of no source in particular. */
export const sourceJournalPk = (sourceId: string) => `source|${sourceId}`;
export const chainKey = (sourceId: string, seq: number) => ({ pk: `chain|${sourceId}`, sk: String(seq).padStart(12, '0') });
export const chainHeadKey = (sourceId: string) => ({ pk: `chain-head|${sourceId}`, sk: 'head' });
export const chainMarkKey = (lineId: string) => ({ pk: `chained|${lineId}`, sk: 'mark' });

export const controlKeys = {
  source: (sourceId: string) => ({ pk: `source|${sourceId}`, sk: 'state' }),
  lease: (sourceId: string) => ({ pk: `source|${sourceId}`, sk: 'lease' }),
  manifest: (sourceId: string, shard: string) => ({ pk: `manifest|${sourceId}`, sk: shard }),
  run: (sourceId: string, runId: string) => ({ pk: `run|${sourceId}`, sk: runId }),
  runPointer: (runId: string) => ({ pk: `run-id|${runId}`, sk: 'pointer' }),
  settingsVersion: (scope: string, version: number) => ({
    pk: `settings|${scope}`,
    sk: `version|${String(version).padStart(8, '0')}`,
  }),
  settingsCurrent: (scope: string) => ({ pk: `settings|${scope}`, sk: 'current' }),
  snapshotPart: (snapshotId: string, part: number) => ({
    pk: `snapshot|${snapshotId}`,
    sk: `part|${String(part).padStart(6, '0')}`,
  }),
  /** Which of its parts are stored; `parts`: how many the sender says there are. */
  snapshotParts: (snapshotId: string, parts: number) => ({ pk: `snapshot|${snapshotId}`, sk: `have|${parts}` }),
  snapshotTaken: () => ({ pk: 'feed', sk: 'snapshot' }),
  maas360: () => ({ pk: 'feed', sk: 'maas360' }),
  uploads: () => ({ pk: 'upload', sk: 'portal' }),
  upload: (sourceId: string) => ({ pk: `upload|${sourceId}`, sk: 'cursor' }),
  notices: (sourceId: string) => ({ pk: `notices|${sourceId}`, sk: 'cursor' }),
  guard: (guardId: string) => ({ pk: 'guards', sk: guardId }),
  guardDevices: (guardId: string, listId: string, part: number) => ({
    pk: `guard-devices|${guardId}`,
    sk: `${listId}|${String(part).padStart(6, '0')}`,
  }),
  assessment: (sourceId: string, runId: string, part: number) => ({
    pk: `assessment|${sourceId}|${runId}`,
    sk: String(part).padStart(6, '0'),
  }),
  enrolmentJob: (jobId: string) => ({ pk: `enrolment-job|${jobId}`, sk: 'job' }),
  wipes: (sourceId: string) => ({ pk: `source|${sourceId}`, sk: 'wipes' }),
  slots: (sourceId: string) => ({ pk: `source|${sourceId}`, sk: 'slots' }),
  relay: (relayId: string) => ({ pk: 'relays', sk: relayId }),
  relayConnection: (relayId: string, connectionId: string) => ({ pk: `relay|${relayId}`, sk: `connection|${connectionId}` }),
  relayToken: (tokenHash: string) => ({ pk: `relay-token|${tokenHash}`, sk: 'pointer' }),
  relayNonce: (relayId: string, nonce: string) => ({ pk: `relay-nonce|${relayId}`, sk: nonce }),
  relayLease: (sourceId: string) => ({ pk: `source|${sourceId}`, sk: 'relay-lease' }),
  relayRun: (sourceId: string, runId: string, fence: number, part: string) => ({
    pk: `relay-run|${sourceId}`,
    sk: `${runId}|${String(fence).padStart(9, '0')}|${part}`,
  }),
  reaped: () => ({ pk: 'reaper', sk: 'sources' }),
  enrolmentFeed: () => ({ pk: 'feed', sk: 'enrolments' }),
  bulk: (bulkId: string) => ({ pk: `bulk|${bulkId}`, sk: 'bulk' }),
  bulkRequests: (bulkId: string, part: number) => ({ pk: `bulk|${bulkId}`, sk: `requests|${String(part).padStart(6, '0')}` }),
  bulkProgress: (bulkId: string, part: number) => ({ pk: `bulk|${bulkId}`, sk: `progress|${String(part).padStart(6, '0')}` }),
} as const;
