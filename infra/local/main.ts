/** `npm start`: the product on this machine, with a given configuration or as a demo on simulators. */
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import colors from 'picocolors';
import type { LocalConfiguration } from '#domain/runtime/configuration';
import { type ReadyFacts, removeReadyFile, writeReadyFile } from '#infra/cli/ready-file';
import { type CleanUp, cleanUp } from '#infra/emulator/clean-up';
import { StartError } from '#infra/emulator/start-error';
import { apiClient } from '../cli/api-client.ts';
import { terminal } from '../cli/terminal.ts';
import { TemplateNotUnderstood } from '../emulator/template/unsupported.ts';
import { separateSecrets } from './configuration/local-secrets.ts';
import { readConfiguration } from './configuration/read-configuration.ts';
import { portToUse } from './console-port.ts';
import { openDataDirectory } from './data-directory.ts';
import type { Demo } from './demo/demo.ts';
import { followEvents } from './event-feed.ts';

type Options = { config?: string; data: string; port?: number; readyFile?: string; demo: boolean };

const screen = terminal();

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 (any free one) to 65535');
}

function optionsOf(argv: readonly string[]): Options {
  return new Command('npm start --')
    .option('--config <file>', 'the configuration; without it: a demo on simulators')
    .option('--data <dir>', 'where state lives', '.data')
    .option('--port <n>', 'port of console and API; 0 for any free one (default: 4600, or a free one)', portOf)
    .option('--ready-file <file>', 'written when everything answers: addresses, token, bus name')
    .option('--no-demo', 'no simulated phones: only what the configuration names')
    .parse(argv)
    .opts<Options>();
}

/** The configuration of the file; null for the demo. */
async function given({ config, demo }: Options): Promise<LocalConfiguration | null> {
  if (config !== undefined) return readConfiguration(resolve(config));
  if (demo) return null;
  throw new StartError(
    'Without the demo there is nothing to start: name a configuration with --config FILE (docs/configuration.example.json shows one).',
  );
}

/** What to run, and what to start once it runs: nothing with a configuration, phones and portal in the demo. */
async function prepare(
  read: LocalConfiguration | null,
  { dataDir, cleaning }: { dataDir: string; cleaning: CleanUp },
): Promise<Pick<Demo, 'configuration' | 'begin'>> {
  if (read) return { configuration: read, begin: () => undefined };
  const { prepareDemo } = await import('./demo/demo.ts');
  const demo = await screen.step('A mail server is simulated', () => prepareDemo(dataDir));
  cleaning.add(demo.stop);
  return demo;
}

async function run(options: Options, cleaning: CleanUp): Promise<void> {
  const read = await given(options);
  const directory = await openDataDirectory(options.data);
  cleaning.add(directory.release);
  const readyFiles = [join(directory.path, 'ready.json'), ...(options.readyFile ? [resolve(options.readyFile)] : [])];
  for (const file of readyFiles) await removeReadyFile(file);

  screen.line(`\n${colors.bold('Traveler Extender')} ${colors.dim(`· state in ${directory.path}`)}\n`);
  const { configuration: local, begin } = await prepare(read, { dataDir: directory.path, cleaning });
  const { configuration, secrets } = separateSecrets(local);
  const port = await portToUse(options.port);
  // Loaded late, because it takes seconds (CDK): a mistake in the configuration is reported before that.
  const { startLocalStack } = await import('./stack.ts');
  const stack = await startLocalStack(configuration, { dataDir: directory.path, port, secrets, terminal: screen });
  cleaning.add(stack.stop);

  stack.begin();
  cleaning.add(async () => {
    for (const file of readyFiles) await removeReadyFile(file);
  });
  for (const file of readyFiles) await writeReadyFile(file, stack.facts);
  showAddresses(stack.facts);
  const watching = followEvents({ api: apiClient({ url: stack.facts.apiUrl, token: stack.facts.apiToken }), screen });
  cleaning.add(watching.stop);
  begin(stack.facts, screen);
}

function showAddresses({ consoleUrl, apiUrl }: ReadyFacts): void {
  screen.line(`\n  ${colors.bold('Open')}  ${colors.cyan(consoleUrl)}`);
  screen.line(colors.dim(`  API   ${apiUrl}   ·   npm run extender -- status   ·   Ctrl+C stops everything\n`));
}

async function main(): Promise<void> {
  const cleaning = cleanUp({ eachMs: 6000 });
  const running = run(optionsOf(process.argv), cleaning);
  let stopping = false;
  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    // What is still starting is stopped once it has started, or at the latest with this process.
    await Promise.race([running.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 3000))]);
    await cleaning.run(screen.problem);
    process.exit(0);
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
  try {
    await running;
  } catch (error) {
    if (stopping) return;
    await cleaning.run(screen.problem);
    const forThePerson = error instanceof StartError || error instanceof TemplateNotUnderstood;
    process.stderr.write(`${forThePerson ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(forThePerson ? 2 : 1);
  }
}

await main();
