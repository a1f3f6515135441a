/**
 * Relays that vanished silently: the socket reports a disconnect when it can, but not always. A relay without contact for a whole
 * lease is gone; this is recorded once.
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
  /** Number of relays newly found gone. */
  gone: number;
  /** Sources with enrolled relays of which none has held the lease for two minutes: nothing is read or acted on there. */
  deserted: string[];
};

/** The restart of a relay, or of its machine, must not raise the alarm. */
const graceMs = 120_000;

/** The line first: after a crash in between, the same line is written again (idempotent). */
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
    return { gone: silent.length, deserted: sources.filter((_, index) => at - (held[index]?.until ?? 0) > graceMs) };
  };
}

const isSilent = ({ connectionId, lastHeardAt }: RelayRecord, at: number): boolean =>
  connectionId !== null && at - (lastHeardAt ?? 0) > quietMs;
