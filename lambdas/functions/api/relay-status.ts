/** The relays of an on-premises source: whether one is active, and since when. */
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import { quietMs } from '#adapters/relay-link';
import { type RelayRecord, relayState } from '#domain/relay/relay-identity';
import type { SourceStatusView } from './schemas.ts';
import { isoOrNull } from './views.ts';

export type RelaysOfSource = NonNullable<SourceStatusView['relay']>;
export type RelayStatusDependencies = {
  relays: Pick<RelayStore, 'list'>;
  leases: Pick<RelayLeaseStore, 'read'>;
  now: () => number;
};

/**
 * `away`: there are enrolled relays, but none holds the lease; `since`: when the holder connected, or the last contact with
 * any.
 */
export async function readRelays(
  { leases, now }: Pick<RelayStatusDependencies, 'leases' | 'now'>,
  sourceId: string,
  all: readonly RelayRecord[],
): Promise<RelaysOfSource> {
  const at = now();
  const own = all.filter((one) => one.sourceId === sourceId && one.enrolledAt !== null && one.revokedAt === null);
  if (own.length === 0) return { state: 'none', holder: null, holderName: null, relays: 0, lagSeconds: null, since: null };
  const lease = await leases.read(sourceId);
  const holder = lease !== null && lease.until > at ? own.find(({ relayId }) => relayId === lease.holder) : undefined;
  if (lease === null || !holder) {
    const lastContact = Math.max(0, ...own.map(({ lastHeardAt }) => lastHeardAt ?? 0));
    return {
      state: 'away',
      holder: null,
      holderName: null,
      relays: own.length,
      lagSeconds: null,
      since: isoOrNull(lastContact || null),
    };
  }
  const connected = own.filter((one) => relayState(one, { now: at, quietMs }) === 'connected').length;
  const lagSeconds = holder.lastHeardAt === null ? null : Math.max(0, (at - holder.lastHeardAt) / 1000);
  const { relayId, hostname } = holder;
  return {
    state: 'connected',
    holder: relayId,
    holderName: hostname,
    relays: connected,
    lagSeconds,
    since: isoOrNull(lease.since),
  };
}
