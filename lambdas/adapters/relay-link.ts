/**
 * Sends messages to the relay that holds the lease of a source. Sent is not received: the socket delivers at most once, and may
 * answer "gone" (410) for a message that it delivered. A caller to whom it matters waits for the answer and sends again.
 */
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { heartbeat, type ToRelay } from '#domain/relay/relay-protocol';

/** `post` resolves whether or not the connection was still there; anything else throws. */
export type Post = (connectionId: string, text: string) => Promise<'posted' | 'gone'>;
export type Numbered = { n: number; fence: number };
export type RelayLink = {
  /** The fence of the lease that is held now; null when no relay is there. */
  present(sourceId: string): Promise<number | null>;
  /** `away`: nobody holds the lease, nothing was sent. */
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

/** As `RelayLink.present`, for those who send nothing. */
export function relayPresence(leases: Pick<RelayLeaseStore, 'read'>, now: () => number): RelayLink['present'] {
  return async (sourceId) => {
    const lease = await leases.read(sourceId);
    return lease !== null && lease.until > now() ? lease.fence : null;
  };
}

/** Numbers what needs no acknowledgement, apart from what is counted: those numbers stay far below. */
export const passingNumber = (now: number, random: number): number => now * 1000 + Math.floor(random * 1000);

/** How long a relay may be silent and still count as there. */
export const quietMs = heartbeat.leaseMs;
