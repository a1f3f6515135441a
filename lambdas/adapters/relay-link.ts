/**
 * Sends messages to the active relay of a source. Sent is not received: the socket delivers at most once, and may return "gone"
 * (410) for a message that it delivered. A caller that needs delivery waits for the relay's answer and sends again.
 */
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { heartbeat, type ToRelay } from '#domain/relay/relay-protocol';

/** Resolves whether or not the connection still exists; throws any other error. */
export type Post = (connectionId: string, text: string) => Promise<'posted' | 'gone'>;
export type Numbered = { n: number; fence: number };
export type RelayLink = {
  /** The fencing number of the current lease; null when no relay is active. */
  present(sourceId: string): Promise<number | null>;
  /** `away`: no relay holds the lease, and nothing was sent. */
  send(sourceId: string, message: (numbered: Numbered) => ToRelay): Promise<'sent' | 'away'>;
};

export function relayLink({
  leases,
  post,
  now,
}: {
  leases: Pick<RelayLeaseStore, 'read' | 'number'>;
  post: Post;
  now: () => number;
}): RelayLink {
  return {
    present: relayPresence(leases, now),
    async send(sourceId, message) {
      const to = await leases.number(sourceId, { now: now() });
      if (to === null) return 'away';
      await post(to.connectionId, JSON.stringify(message({ n: to.n, fence: to.fence })));
      return 'sent';
    },
  };
}

/** Like `RelayLink.present`, for callers that send nothing. */
export function relayPresence(leases: Pick<RelayLeaseStore, 'read'>, now: () => number): RelayLink['present'] {
  return async (sourceId) => {
    const lease = await leases.read(sourceId);
    return lease !== null && lease.until > now() ? lease.fence : null;
  };
}

/** A number for a message that needs no acknowledgement, far above the numbers of counted messages. `now`: epoch ms. */
export const passingNumber = (now: number, random: number): number => now * 1000 + Math.floor(random * 1000);

/** How long a relay may be silent and still count as connected, ms. */
export const quietMs = heartbeat.leaseMs;
