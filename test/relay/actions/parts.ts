/** Parts of a relay that separate processes need, too: quick to load. */
import type { TravelerSource } from '#adapters/traveler/source';
import type { DeviceReads } from '../../../relay/domino/device-writes.ts';

export const readsOf = (traveler: TravelerSource): DeviceReads => ({
  pages: () => traveler.pages(),
  read: ({ href }) => traveler.detail(href),
  facts: () => traveler.serverFacts(),
  get requests() {
    return traveler.requests;
  },
  close: () => traveler.close(),
});

/** The console without a program in between: for many lines. Other tests cover the program. */
export function directConsole(port: number) {
  return {
    async send(line: string) {
      await fetch(`http://127.0.0.1:${port}/simulator/console`, { method: 'POST', body: JSON.stringify({ line }) });
    },
  };
}

/** Short, so that tests without an effect end soon. */
export const readBack = [5, 10, 20, 40];
