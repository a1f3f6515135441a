/**
 * A relay's gathering half in a separate process, to be killed at any time. Its link is the channel to its parent: what it delivers
 * counts as acknowledged when the parent has responded.
 */
import { travelerSource } from '#adapters/traveler/source';
import type { GatherCommand } from '#domain/relay/relay-protocol';
import { relayGather } from '../../../relay/gather/gather.ts';
import type { Link } from '../../../relay/ports.ts';
import { openSnapshot } from '../../../relay/snapshot/snapshot.ts';
import { restReads } from '../../../relay/sources/rest-reads.ts';

export type FromParent = { do: 'gather'; command: GatherCommand } | { do: 'acknowledge'; id: number };

const [directory = '', url = '', user = '', password = ''] = process.argv.slice(2);
const waiting = new Map<number, () => void>();
let last = 0;

const link: Link = {
  deliver: (message) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      process.send?.({ told: message, id });
    }),
  mention: () => undefined,
  held: () => ({ fence: 1 }),
  cloudNow: () => Date.now(),
};
const relay = relayGather({
  sourceId: 'hq',
  source: restReads(travelerSource({ baseUrl: url, credentials: async () => ({ user, password }), concurrency: 8 })),
  snapshot: openSnapshot({ directory, of: url, log: () => undefined }),
  concurrency: 8,
  now: Date.now,
  log: () => undefined,
});

process.on('message', (message: FromParent) => {
  if (message.do === 'acknowledge') {
    waiting.get(message.id)?.();
    waiting.delete(message.id);
  }
  if (message.do === 'gather')
    void relay
      .gather(message.command, link, new AbortController().signal)
      .then(() => process.send?.({ done: message.command.runId }));
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true });
