/**
 * `npm run extender -- <command>`: the product from a terminal, over its HTTP API. The API is found through EXTENDER_API and
 * EXTENDER_TOKEN, else through the ready file of the stack that runs on the default data folder.
 */
import { Command, Option } from 'commander';
import colors from 'picocolors';
import { z } from 'zod';
import { verdictName } from '#domain/devices/device';
import { readReadyFile } from '#infra/cli/ready-file';
import { addActionCommands } from './actions.ts';
import { type ApiClient, ApiRefusal, apiClient } from './api-client.ts';
import { acceptedGather, devicePage, deviceWithTimeline, run, status } from './api-shapes.ts';
import { addBulkCommands } from './bulk.ts';
import { type AddCommands, encoded, type Output } from './command-line.ts';
import { addDecisionCommands } from './decisions-and-links.ts';
import { addDeadLetterCommands } from './dlq.ts';
import { seconds, showDevice, showDevices, showStatus } from './format-answers.ts';
import { addJournalCommands } from './journal.ts';
import { firstOf } from './pages.ts';
import { addPlanCommands } from './plan.ts';
import { addRelayCommands } from './relays.ts';
import { addReplayCommand } from './replay.ts';
import { addRequestCommands } from './request-actions.ts';

/** Commands with separate files. */
const addCommands: readonly AddCommands[] = [
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

const width = () => process.stdout.columns;
const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Prints the response as received with --json, else as `show` formats it. */
async function print<T>({ json }: Output, answer: T, show: (answer: T) => string): Promise<void> {
  say(json ? JSON.stringify(answer, null, 2) : show(answer));
}

/** With `all` the whole timeline, otherwise its newest page. */
async function readDevice(api: ApiClient, path: string, { all }: { all: boolean }) {
  const readPage = (cursor: string) => api.get(`/devices/${path}?${new URLSearchParams({ cursor })}`, deviceWithTimeline);
  const first = await readPage('');
  if (!all || first.cursor === null) return first;
  const older = await firstOf((cursor) => readPage(cursor || (first.cursor ?? '')), { itemsOf: ({ timeline }) => timeline });
  return { ...first, timeline: [...first.timeline, ...older.items], cursor: null };
}

async function gather(api: ApiClient, sourceId: string, wait: boolean) {
  const { runId } = await api.post('/gathers', { sourceId }, acceptedGather);
  let current = await api.get(`/gathers/${encoded(runId)}`, run);
  while (wait && (current.state === 'queued' || current.state === 'running')) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    current = await api.get(`/gathers/${encoded(runId)}`, run);
  }
  return current;
}

function textOfGather({ runId, state, startedAt, finishedAt, counts, requests, problem }: z.infer<typeof run>): string {
  if (problem) return `${colors.red('failed')}: ${problem.what} (${problem.where})\n  ${problem.remedy}`;
  if (state !== 'completed' || !startedAt || !finishedAt) return `${state}: run ${runId}`;
  return `completed: ${counts.devices} devices in ${seconds(Date.parse(finishedAt) - Date.parse(startedAt))}, ${requests} requests`;
}

function program(): Command {
  const top = new Command('extender').description('Traveler Extender from the command line').showHelpAfterError();
  top.option('--data <dir>', 'data folder of the local stack', '.data');
  const api = () => findApi(z.string().parse(top.opts().data));
  const command = (name: string, description: string) =>
    top.command(name).description(description).option('--json', 'the answer as JSON');

  command('status', 'sources, their gathers and Auto-Quarantine').action(async (output: Output) =>
    print(output, await (await api()).get('/status', output.json ? z.unknown() : status), (answer) =>
      showStatus(status.parse(answer), width()),
    ),
  );

  command('devices', 'devices with verdict and reason')
    .option('--source <id>')
    .option('--user <name>', 'the Traveler user')
    .addOption(new Option('--verdict <verdict>').choices(verdictName.options))
    .option('--q <text>', 'part of a user name or device id')
    .option('--limit <n>', 'at most so many', '100')
    .action(async ({ json, ...query }: Output & Record<string, string>) => {
      const page = await (await api()).get(`/devices?${new URLSearchParams(query)}`, devicePage);
      await print({ ...(json ? { json } : {}) }, page, ({ devices, cursor }) =>
        [
          showDevices(devices, width()),
          ...(cursor ? [colors.dim('… there are more: use --user, --verdict, --q or --limit')] : []),
        ].join('\n'),
      );
    });

  command('device <source> <user> <device>', 'one device with its timeline')
    .option('--all', 'the whole timeline, not only its newest lines')
    .action(async (source: string, user: string, device: string, { all, ...output }: Output & { all?: boolean }) =>
      print(output, await readDevice(await api(), encoded(source, user, device), { all: all === true }), showDevice),
    );

  command('gather <source>', 'reads a source now')
    .option('--no-wait', 'do not wait for its end')
    .action(async (source: string, { wait, ...output }: Output & { wait: boolean }) => {
      const result = await gather(await api(), source, wait);
      await print(output, result, textOfGather);
      if (result.state === 'failed') process.exitCode = 1;
    });

  for (const add of addCommands) add({ command, api, say, print });
  return top;
}

await program()
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof ApiRefusal ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
