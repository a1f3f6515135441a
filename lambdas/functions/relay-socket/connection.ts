/** A relay comes and goes: what is remembered of its connections, and what is told of them in the journal of its source. */

import { quietMs } from '#adapters/relay-link';
import { type RelayRecord, relayState } from '#domain/relay/relay-identity';
import { disconnectedLine } from '#domain/relay/relay-lines';
import { socketLimits } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from './dependencies.ts';

/** Longer than a connection can last. */
const recordMs = socketLimits.lifeMs + 3_600_000;

/** False: it was revoked since the authoriser let it in, and is turned away. */
export async function connect({ relays, now }: Pick<RelaySocketDependencies, 'relays' | 'now'>, peer: Peer): Promise<boolean> {
  const relay = await relays.read(peer.relayId);
  if (relay === null || relay.revokedAt !== null || relay.sourceId !== peer.sourceId) return false;
  const at = now();
  await relays.connected(peer.relayId, { ...peer, at, until: at + recordMs });
  return true;
}

/** The socket says so when it can; a connection that just vanished is noticed by its silence (`reap`). */
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

/** Whether it counted as there just before: then nothing is told of its coming (a hand-over, a quick reconnect). */
export const wasThere = (relay: RelayRecord, now: number): boolean => relayState(relay, { now, quietMs }) === 'connected';
