/** `npm run simulator -- --port 8800 --devices 700`: a Traveler server to point a source at. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { StartError } from '#infra/emulator/start-error';
import { type Fault, parseFaults } from './traveler/faults.ts';
import { startTravelerSimulator } from './traveler-simulator.ts';

type Options = {
  port: number;
  devices: number;
  seed: number;
  user: string;
  password: string;
  basePath: string;
  build: string;
  release: '8.5' | '9';
  requireApproval: boolean;
  freeDevices: number;
  arrivals: number;
  faults: Fault[];
  domino: boolean;
};

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Give a whole number, 0 or more.');
  return value;
}

function faultList(text: string): Fault[] {
  try {
    return parseFaults(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof z.ZodError ? z.prettifyError(error) : 'That is no list of faults.');
  }
}

const program = new Command('simulator')
  .description('Simulates a Traveler (SmartCloud) server on 127.0.0.1. Controls and faults: GET /simulator.')
  .option('--port <number>', 'port to listen on; 0 for any free one', whole, 8800)
  .option('--devices <number>', 'devices at the start, 0 to 1000000', whole, 700)
  .option('--seed <number>', 'the same seed gives the same devices', whole, 1)
  .option('--user <name>', 'user that may read and write', 'extender')
  .option('--password <text>', 'password of that user', 'pässwörd')
  .option('--base-path <path>', 'path in front of /api/traveler, as behind a proxy', '')
  .option('--build <text>', 'build level that the server shows', '12.0.2.1 Build 202311071200_30')
  .addOption(
    new Option('--release <release>', '8.5: no REST, but LotusTraveler.nsf over HTTP, for a relay with "read": "http"')
      .choices(['8.5', '9'])
      .default('9'),
  )
  .option('--require-approval', 'the server requires approval from the start', false)
  .option('--free-devices <number>', 'devices a user may have before approval is required', whole, 0)
  .option('--arrivals <number>', 'phones that turn up each minute', whole, 0)
  .option('--domino', 'an on-premises server: its Domino console takes commands, and a relay is to be pointed at it', false)
  .option('--faults <list>', 'names, separated by commas, or a JSON list (infra/simulators/traveler/faults.ts)', faultList, []);

const { freeDevices, arrivals, faults, domino, ...options } = program.parse().opts<Options>();
const onPremises = domino || options.release === '8.5';
const simulator = await startTravelerSimulator({
  ...options,
  devicesBeforeApproval: freeDevices,
  arrivalsPerMinute: arrivals,
  keepsSecurityRecords: onPremises,
  faults,
}).catch((error: unknown) => {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exit(2);
});
const credentials = { user: options.user, password: options.password };
console.log(`Traveler simulator: ${simulator.url} · ${simulator.deviceCount} devices`);
console.log(`Controls and faults: http://127.0.0.1:${simulator.port}/simulator`);
if (onPremises) printRelaySide();
else printCloudSide();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => simulator.stop().catch(console.error));

function printCloudSide(): void {
  const config = { sources: [{ id: 'simulated', kind: 'smartcloud', url: simulator.url, credentials }] };
  console.log(`To run the extender against it, save this as simulated.json and start with --config simulated.json:\n`);
  console.log(JSON.stringify(config, null, 2));
}

function printRelaySide(): void {
  console.log(`Its Domino console and what goes wrong there: http://127.0.0.1:${simulator.port}/simulator/console`);
  console.log('To run a relay against it, save this as relay.json, readable by you only (chmod 600 relay.json):\n');
  const read = options.release === '8.5' ? { read: 'http' } : {};
  const traveler = { url: simulator.url, credentials, ...read };
  const config = { traveler, console: { by: 'command', command: simulator.console.command } };
  console.log(JSON.stringify(config, null, 2));
}
