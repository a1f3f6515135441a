/** A relay's action half that can crash before and after every call to journal, source, console and link. */
import type { TravelerSource } from '#adapters/traveler/source';
import { type RelayActions, relayActions } from '../../../relay/actions/relay-actions.ts';
import { consoleWrites } from '../../../relay/domino/console-writes.ts';
import { sourceOf } from '../../../relay/domino/device-writes.ts';
import type { ActionJournal } from '../../../relay/journal/action-journal.ts';
import type { Link } from '../../../relay/ports.ts';
import { quietLog } from '../quiet-log.ts';
import { directConsole, readsOf } from './parts.ts';

export type Place = (name: string) => Promise<void>;
/**
 * Long compared with the delay of the console, even if relay and server share a busy process: an effect that appears after the last
 * read is reported as missing, and the next request would find it.
 */
const readBack = [5, 10, 20, 40, 80, 160, 320, 640];
type Parts = { port: number; rest: TravelerSource; journal: ActionJournal };

export function mortalRelay({ port, rest, journal }: Parts, place: Place): RelayActions {
  const mortal =
    <G extends unknown[], R>(name: string, call: (...given: G) => Promise<R>) =>
    async (...values: G): Promise<R> => {
      await place(`before ${name}`);
      const result = await call(...values);
      await place(`after ${name}`);
      return result;
    };
  const writes = consoleWrites({ send: mortal('console', directConsole(port).send) });
  const source = sourceOf(readsOf(rest), { ...writes, readBack });
  return relayActions({
    log: quietLog,
    source: { ...source, read: mortal('read', source.read) },
    journal: {
      ...journal,
      open: mortal('open', journal.open),
      attemptsOf: mortal('attemptsOf', journal.attemptsOf),
      unacknowledged: mortal('unacknowledged', journal.unacknowledged),
      received: mortal('received', journal.received),
      started: mortal('started', journal.started),
      written: mortal('written', journal.written),
      done: mortal('done', journal.done),
      acknowledged: mortal('acknowledged', journal.acknowledged),
    },
  });
}

/** The link of such a relay: each delivery passes two of these places. */
export const mortalLink = (link: Link, place: Place): Link => ({
  ...link,
  async deliver(told, options) {
    await place('before deliver');
    await link.deliver(told, options);
    await place('after deliver');
  },
});

/** Crashes at the n-th place from here: from then on no call returns, as if the process were gone. */
export function death(killAt: number, died: (where: string) => void): Place {
  let passed = 0;
  return async (name) => {
    passed += 1;
    if (passed === killAt) died(name);
    if (passed >= killAt) await new Promise(() => undefined);
  };
}
