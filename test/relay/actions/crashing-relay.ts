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

export function crashingRelay({ port, rest, journal }: Parts, place: Place): RelayActions {
  const crashable =
    <G extends unknown[], R>(name: string, call: (...given: G) => Promise<R>) =>
    async (...values: G): Promise<R> => {
      await place(`before ${name}`);
      const result = await call(...values);
      await place(`after ${name}`);
      return result;
    };
  const writes = consoleWrites({ send: crashable('console', directConsole(port).send) });
  const source = sourceOf(readsOf(rest), { ...writes, readBack });
  return relayActions({
    log: quietLog,
    source: { ...source, read: crashable('read', source.read) },
    journal: {
      ...journal,
      open: crashable('open', journal.open),
      attemptsOf: crashable('attemptsOf', journal.attemptsOf),
      unacknowledged: crashable('unacknowledged', journal.unacknowledged),
      received: crashable('received', journal.received),
      started: crashable('started', journal.started),
      written: crashable('written', journal.written),
      done: crashable('done', journal.done),
      acknowledged: crashable('acknowledged', journal.acknowledged),
    },
  });
}

/** The link of such a relay: each delivery passes two of these places. */
export const crashingLink = (link: Link, place: Place): Link => ({
  ...link,
  async deliver(message, options) {
    await place('before deliver');
    await link.deliver(message, options);
    await place('after deliver');
  },
});

/** Crashes at the n-th place from here: from then on no call returns, as if the process were gone. */
export function crashAt(killAt: number, crashed: (where: string) => void): Place {
  let passed = 0;
  return async (name) => {
    passed += 1;
    if (passed === killAt) crashed(name);
    if (passed >= killAt) await new Promise(() => undefined);
  };
}
