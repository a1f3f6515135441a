/**
 * Whether a connection to the relay socket is accepted: with a statement that the relay signed for this socket, within the last
 * minute, used once, with a valid key. Every refusal looks the same from outside; the log has the reason.
 */

import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import { checkConnect, claimedRelay, type Refusal } from '#adapters/relay-identity';
import { statementLifeSeconds } from '#domain/relay/relay-identity';

export type AuthoriseDependencies = {
  relays: Pick<RelayStore, 'read' | 'spendNonce'>;
  socketUrl: string;
  /** Epoch ms. */
  now(): number;
  /** No secrets: the claimed relay id, and the reason. */
  log(level: 'info' | 'warn', says: string, fields: Record<string, unknown>): void;
};
export type Admitted = { relayId: string; sourceId: string };
type Why = Refusal | 'missing' | 'unknown-relay' | 'revoked' | 'not-enrolled' | 'used-before';

export function authorise({ relays, socketUrl, now, log }: AuthoriseDependencies) {
  return async (authorization: string | undefined): Promise<Admitted | null> => {
    const statement = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    const relayId = statement === undefined ? null : claimedRelay(statement);
    if (statement === undefined || relayId === null) return refuse(statement === undefined ? 'missing' : 'malformed', null);
    const relay = await relays.read(relayId);
    if (relay === null) return refuse('unknown-relay', relayId);
    if (relay.revokedAt !== null) return refuse('revoked', relayId);
    if (relay.enrolledAt === null) return refuse('not-enrolled', relayId);
    const checked = await checkConnect(statement, { relay, socketUrl, now: now() });
    if (!checked.ok) return refuse(checked.why, relayId);
    // Longer than any tolerated clock difference in either direction.
    const until = now() + 4 * statementLifeSeconds * 1000;
    if (!(await relays.spendNonce(relayId, checked.claims.jti, until))) return refuse('used-before', relayId);
    return { relayId, sourceId: relay.sourceId };
  };

  function refuse(why: Why, relayId: string | null): null {
    log('warn', 'A relay was refused', { relayId, why });
    return null;
  }
}
