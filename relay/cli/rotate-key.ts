/** `relay rotate-key`: a new key; a running relay needs no restart. */
import { rotateKey } from '../identity/rotate.ts';
import type { AddCommands, PlaceOptions } from './command-line.ts';
import { egressFromOptions } from './egress-options.ts';

export const addRotateKey: AddCommands = ({ command, places, print }) => {
  command('rotate-key', 'replaces the relay’s key without an outage').action(async (options: PlaceOptions) => {
    const { config, data } = places(options);
    const dispatcher = egressFromOptions(config);
    try {
      const { relayId } = await rotateKey(data, { dispatcher, now: Date.now() });
      print(`${relayId} has a new key. The old one is good for 10 more minutes; a relay that runs takes the new one by itself.`);
    } finally {
      await dispatcher.destroy();
    }
  });
};
