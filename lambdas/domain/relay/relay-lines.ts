/** Journal lines about a relay that connects or disconnects. */
import type { TimelineEntry } from '../journal/timeline.ts';
import type { RelayRecord } from './relay-identity.ts';

/** One line per connection: its id holds the time of connecting. */
export function connectedLine(relay: RelayRecord, at: number): TimelineEntry {
  const { relayId, hostname } = relay;
  return {
    at,
    id: `relay-connected|${relayId}|${at}`,
    kind: 'relay-connected',
    says: `The relay on ${hostname ?? 'an unnamed machine'} is connected.`,
    data: { relayId },
  };
}

export function disconnectedLine(relay: RelayRecord, { at, reason }: { at: number; reason: string }): TimelineEntry {
  const { relayId, hostname, connectedAt } = relay;
  return {
    at,
    id: `relay-disconnected|${relayId}|${connectedAt}`,
    kind: 'relay-disconnected',
    says: `The relay on ${hostname ?? 'an unnamed machine'} is gone (${reason}). Actions on its source wait for it, or for another relay.`,
    data: { relayId, reason },
  };
}
