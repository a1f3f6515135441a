/** A source behind a relay, as the endings see it: nothing is read or written from here, but a stale wipe can be taken back. */
import type { ActDependencies, ActedSource, Try } from './dependencies.ts';
import { takeBack } from './send-to-relay.ts';

export function relaySource({ link }: Pick<ActDependencies, 'link'>, about: Omit<Try, 'source'>): ActedSource {
  const notFromHere = async (): Promise<never> => {
    throw new Error('A source behind a relay is not read or written from here');
  };
  return {
    detail: notFromHere,
    approve: notFromHere,
    block: notFromHere,
    remove: notFromHere,
    wipe: notFromHere,
    async cancelWipe() {
      await link.send(about.action.sourceId, (numbered) => takeBack(about, numbered));
      return 'accepted';
    },
  };
}
