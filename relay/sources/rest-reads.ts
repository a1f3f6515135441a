/** Reads a Traveler server 9 or later over REST, as the cloud reads SmartCloud. */
import type { TravelerSource } from '#adapters/traveler/contract';
import type { Reads } from '../gather/ports.ts';

/** `traveler` is shared with the REST writes, so that its limits apply to both and a wrong password is tried once. */
export function restReads(traveler: Pick<TravelerSource, 'pages' | 'detail' | 'serverFacts' | 'requests' | 'close'>): Reads {
  return {
    pages: () => traveler.pages(),
    read: ({ href }) => traveler.detail(href),
    facts: () => traveler.serverFacts(),
    get requests() {
      return traveler.requests;
    },
    close: () => traveler.close(),
  };
}
