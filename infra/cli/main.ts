/**
 * `npm run extender -- <command>`: the product from a terminal, over its HTTP API. The API is found through EXTENDER_API and
 * EXTENDER_TOKEN, else through the ready file of the stack that runs on the default data folder.
 */
import { Command } from 'commander';
import { z } from 'zod';
import { readReadyFile } from '#infra/cli/ready-file';
import { addActionCommands } from './actions.ts';
import { type ApiClient, ApiRefusal, apiClient } from './api-client.ts';
import { addBulkCommands } from './bulk.ts';
import type { AddCommands, Output } from './command-line.ts';
import { addDecisionCommands } from './decisions-and-links.ts';
import { addDeviceCommands } from './devices.ts';
import { addDeadLetterCommands } from './dlq.ts';
import { addJournalCommands } from './journal.ts';
import { addPlanCommands } from './plan.ts';
import { addRelayCommands } from './relays.ts';
import { addReplayCommand } from './replay.ts';
import { addRequestCommands } from './request-actions.ts';
import { addSourceCommands } from './sources.ts';

/** In the order of `--help`. */
const addCommands: readonly AddCommands[] = [
  addSourceCommands,
  addDeviceCommands,
  addActionCommands,
  addRequestCommands,
  addBulkCommands,
  addDeadLetterCommands,
  addJournalCommands,
  addDecisionCommands,
  addPlanCommands,
  addRelayCommands,
  addReplayCommand,
];

async function findApi(dataDir: string): Promise<ApiClient> {
  const { EXTENDER_API: url, EXTENDER_TOKEN: token } = process.env;
  if (url && token) return apiClient({ url: url.replace(/\/$/, ''), token });
  const ready = await readReadyFile(`${dataDir}/ready.json`);
  if (ready) return apiClient({ url: ready.apiUrl, token: ready.apiToken });
  throw new ApiRefusal(null, `No stack runs on ${dataDir}. Start one with npm start, or set EXTENDER_API and EXTENDER_TOKEN.`);
}

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Prints the response as received with --json, else as `show` formats it. */
async function print<T>({ json }: Output, answer: T, show: (answer: T) => string): Promise<void> {
  say(json ? JSON.stringify(answer, null, 2) : show(answer));
}

function program(): Command {
  const top = new Command('extender').description('Traveler Extender from the command line').showHelpAfterError();
  top.option('--data <dir>', 'data folder of the local stack', '.data');
  const api = () => findApi(z.string().parse(top.opts().data));
  const command = (name: string, description: string) =>
    top.command(name).description(description).option('--json', 'the answer as JSON');

  for (const add of addCommands) add({ command, api, say, print });
  return top;
}

await program()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof ApiRefusal ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
