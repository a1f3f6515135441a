/** `relay enrol <url> <token>`: run once per relay, with the URL and token that the console shows. */
import { enrol } from '../identity/enrol.ts';
import { identityFile } from '../identity/identity.ts';
import type { AddCommands, PlaceOptions } from './command-line.ts';
import { egressFromOptions } from './egress-options.ts';

type Options = PlaceOptions & { caFile?: string; again?: boolean };

export const addEnrol: AddCommands = ({ command, places, print }) => {
  command('enrol', 'makes this relay known to its cloud')
    .argument('<url>', 'address of the cloud, as the console shows it')
    .argument('<token>', 'one-time token from the console')
    .option('--ca-file <file>', 'PEM file of certificate authorities to trust besides the usual ones')
    .option('--again', 'replace the identity that is here')
    .action(async (url: string, token: string, options: Options) => {
      const { config, data } = places(options);
      const dispatcher = egressFromOptions(config, options);
      try {
        const { relayId, sourceId } = await enrol({
          cloudUrl: url,
          token,
          dataDir: data,
          dispatcher,
          again: options.again ?? false,
        });
        print(`Enrolled as ${relayId} for the source ${sourceId}.`);
        print(`  identity       ${identityFile(data)} (readable by you alone; keep it out of backups that others read)`);
        print(`  configuration  ${config}`);
        print('Next: relay doctor, then relay run, or relay service install.');
      } finally {
        await dispatcher.destroy();
      }
    });
};
