/**
 * Relays that vanished without a word: the socket says "disconnected" when it can, and nothing at all when it cannot. One that
 * has not been heard of for a whole lease is gone; that is told once.
 */

import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import { quietMs } from '#adapters/relay-link';
import type { RelayRecord } from '#domain/relay/relay-identity';
import { disconnectedLine } from '#domain/relay/relay-lines';

export type SilentRelaysDependencies = {
  relays: Pick<RelayStore, 'list' | 'updateConnected'>;
  leases: Pick<RelayLeaseStore, 'read'>;
  timeline: Pick<TimelineStore, 'appendToSource'>;
  now(): number;
};

export type Noted = {
  /** Found gone just now. */
  gone: number;
  /** Sources with enrolled relays of which none has held the lease for minutes: nothing is read or acted on there. */
  deserted: string[];
};

/** A restart of a relay, or of its machine, is no alarm. */
const patienceMs = 120_000;

/** The line first: killed in between, the same line is written again. */
export function noteSilentRelays({ relays, leases, timeline, now }: SilentRelaysDependencies) {
  return async (): Promise<Noted> => {
    const at = now();
    const all = (await relays.list()).filter(({ enrolledAt, revokedAt }) => enrolledAt !== null && revokedAt === null);
    const silent = all.filter((relay) => isSilent(relay, at));
    for (const relay of silent) {
      const reason = 'nothing was heard of it any more';
      await timeline.appendToSource(relay.sourceId, [disconnectedLine(relay, { at, reason })]);
      await relays.updateConnected(relay.relayId, relay.connectionId ?? '', { connectionId: null });
    }
    const sources = [...new Set(all.map(({ sourceId }) => sourceId))];
    const held = await Promise.all(sources.map((sourceId) => leases.read(sourceId)));
    return { gone: silent.length, deserted: sources.filter((_, index) => at - (held[index]?.until ?? 0) > patienceMs) };
  };
}

const isSilent = ({ connectionId, lastHeardAt }: RelayRecord, at: number): boolean =>
  connectionId !== null && at - (lastHeardAt ?? 0) > quietMs;
