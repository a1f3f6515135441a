/** A relay as the API shows it: its identity, connection and lease. */
import { z } from '@hono/zod-openapi';
import { quietMs } from '#adapters/relay-link';
import { type RelayRecord, relayState } from '#domain/relay/relay-identity';
import type { ApiDependencies } from './app.ts';
import { isoOrNull, isoTime } from './views.ts';

export const time = z.string().openapi({ format: 'date-time' });
export const relayView = z
  .object({
    relayId: z.string(),
    sourceId: z.string(),
    state: z.enum(['invited', 'connected', 'away', 'revoked']),
    holdsLease: z.boolean().openapi({ description: 'Reads and acts on the source at present.' }),
    fence: z.number().int().nullable().openapi({ description: 'Number of the lease that it holds.' }),
    leaseUntil: time.nullable(),
    version: z.string().nullable(),
    protocol: z.number().int().nullable(),
    travelerVersion: z.string().nullable().openapi({ description: 'As the last gather of its source found it.' }),
    hostname: z.string().nullable(),
    platform: z.string().nullable(),
    reads: z.string().nullable(),
    acts: z.string().nullable(),
    createdAt: time,
    createdBy: z.string(),
    tokenExpiresAt: time.nullable(),
    enrolledAt: time.nullable(),
    connectedAt: time.nullable(),
    lastHeardAt: time.nullable(),
    lagSeconds: z.number().nullable().openapi({ description: 'Since it was last heard of, while it counts as connected.' }),
    unacknowledged: z.number().int().openapi({ description: 'Messages to the holder that it has not acknowledged.' }),
    revokedAt: time.nullable(),
    revokedBy: z.string().nullable(),
    problems: z.array(z.string()).openapi({ description: 'What does not work at the relay, with what to do.' }),
  })
  .openapi('Relay');
export type RelayView = z.output<typeof relayView>;

export async function viewRelay(relay: RelayRecord, { relays, readSource, now }: ApiDependencies): Promise<RelayView> {
  const at = now();
  const [lease, source] = await Promise.all([relays.leases.read(relay.sourceId), readSource(relay.sourceId)]);
  const holds = lease !== null && lease.holder === relay.relayId && lease.until > at;
  const state = relayState(relay, { now: at, quietMs });
  const {
    relayId,
    sourceId,
    version,
    protocol,
    hostname,
    platform,
    reads,
    acts,
    createdBy,
    revokedBy,
    problems: reported,
  } = relay;
  return {
    ...{ relayId, sourceId, state, version, protocol, hostname, platform, reads, acts, createdBy, revokedBy },
    holdsLease: holds,
    fence: holds ? lease.fence : null,
    leaseUntil: holds ? isoTime(lease.until) : null,
    travelerVersion: source.server.build || null,
    createdAt: isoTime(relay.createdAt),
    tokenExpiresAt: relay.tokenHash === null ? null : isoTime(relay.tokenUntil),
    enrolledAt: isoOrNull(relay.enrolledAt),
    connectedAt: isoOrNull(relay.connectedAt),
    lastHeardAt: isoOrNull(relay.lastHeardAt),
    lagSeconds: state === 'connected' && relay.lastHeardAt !== null ? Math.max(0, (at - relay.lastHeardAt) / 1000) : null,
    unacknowledged: holds ? Math.max(0, lease.sent - lease.acked) : 0,
    revokedAt: isoOrNull(relay.revokedAt),
    problems: state === 'connected' ? reported : [],
  };
}
