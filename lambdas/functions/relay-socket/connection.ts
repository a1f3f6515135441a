/** A relay connects and disconnects: what is stored of its connections, and recorded in the journal of its source. */

import { quietMs } from '#adapters/relay-link';
import { type RelayRecord, relayState } from '#domain/relay/relay-identity';
import { disconnectedLine } from '#domain/relay/relay-lines';
import { socketLimits } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

/** Longer than a connection can last, ms. */
const recordMs = socketLimits.lifeMs + 3_600_000;

/** False when the relay was revoked after the authoriser accepted it: the connection is rejected. */
export async function connect({ relays, now }: Pick<RelaySocketDependencies, 'relays' | 'now'>, peer: Peer): Promise<boolean> {
  const relay = await relays.read(peer.relayId);
  if (relay === null || relay.revokedAt !== null || relay.sourceId !== peer.sourceId) return false;
  const at = now();
  await relays.connected(peer.relayId, { ...peer, at, until: at + recordMs });
  return true;
}

/** Called when the socket reports a disconnect; a connection that vanishes silently is found by `reap`. */
export async function disconnect(
  { relays, timeline, now }: Pick<RelaySocketDependencies, 'relays' | 'timeline' | 'now'>,
  peer: Peer,
  reason: string,
): Promise<void> {
  await relays.disconnected(peer.relayId, peer.connectionId);
  const relay = await relays.read(peer.relayId);
  if (relay === null || relay.connectionId !== peer.connectionId) return;
  await timeline.appendToSource(relay.sourceId, [disconnectedLine(relay, { at: now(), reason })]);
  await relays.updateConnected(peer.relayId, peer.connectionId, { connectionId: null });
}

/** Whether it already counted as connected: then its connection is not recorded (a hand-over, a quick reconnect). */
export const wasThere = (relay: RelayRecord, now: number): boolean => relayState(relay, { now, quietMs }) === 'connected';
