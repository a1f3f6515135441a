/**
 * The action half of a relay in a separate process, with the journal on disk and writes to the simulated console. It kills itself
 * with SIGKILL at the n-th place: before or after each call of journal, source, console and link.
 */
import { z } from 'zod';
import { travelerSource } from '#adapters/traveler/source';
import { actionCommand } from '#domain/relay/relay-protocol';
import { sqliteJournal } from '../../../relay/journal/sqlite-journal.ts';
import { crashAt, crashingLink, crashingRelay } from './crashing-relay.ts';

const given = z.object({
  journal: z.string(),
  url: z.string(),
  port: z.number(),
  credentials: z.object({ user: z.string(), password: z.string() }),
  killAt: z.number(),
});
const { journal: file, url, port, credentials, killAt } = given.parse(JSON.parse(process.argv[2] ?? '{}'));

/** Reports the place to the parent, then kills this process. */
const crash = crashAt(killAt, (where) => void process.send?.({ killedAt: where }, () => process.kill(process.pid, 'SIGKILL')));
async function place(name: string): Promise<void> {
  await crash(name);
  if (name === 'after acknowledged') process.send?.({ ended: true });
}

const rest = travelerSource({ baseUrl: url, credentials: async () => credentials, concurrency: 4 });
const relay = crashingRelay({ port, rest, journal: sqliteJournal(file) }, place);
const acknowledged = new Map<string, () => void>();
const link = crashingLink(
  {
    deliver(message) {
      const { promise, resolve } = Promise.withResolvers<void>();
      acknowledged.set(message.type === 'actionResult' ? message.actionId : '', resolve);
      process.send?.({ told: message });
      return promise;
    },
    mention: () => undefined,
    held: () => ({ fence: 1 }),
    cloudNow: Date.now,
  },
  place,
);

const asked = z.union([z.object({ command: actionCommand }), z.object({ acknowledge: z.string() })]);
process.on('message', (message) => {
  const parsed = asked.parse(message);
  if ('command' in parsed) void relay.act(parsed.command, link);
  else acknowledged.get(parsed.acknowledge)?.();
});
process.send?.({ ready: true });
