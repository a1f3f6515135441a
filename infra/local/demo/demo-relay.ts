/**
 * The demo's relay: the real relay process, enrolled through the API as an administrator would do it, and restarted when it is
 * killed, as by a service manager. Its data is in the demo's data folder and survives restarts.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type ApiClient, ApiRefusal } from '#infra/cli/api-client';
import type { ReadyFacts } from '#infra/cli/ready-file';
import type { Terminal } from '#infra/cli/terminal';
import { readStored } from '#infra/emulator/stored-file';
import type { TravelerSimulator } from '#infra/simulators/traveler-simulator';

export type DemoRelay = { stop(): Promise<void> };
type Options = {
  dataDir: string;
  sourceId: string;
  simulator: TravelerSimulator;
  facts: Pick<ReadyFacts, 'consoleUrl'>;
  api: ApiClient;
  screen: Pick<Terminal, 'event' | 'problem'>;
};

const program = fileURLToPath(new URL('../../../relay/main.ts', import.meta.url));
const run = promisify(execFile);
const invitation = z.object({ token: z.string() });
const storedIdentity = {
  schema: z.object({ relayId: z.string(), cloudUrl: z.string() }),
  holds: 'the identity of the demo relay',
  remedy: 'the demo enrols its relay again.',
};
/** Long enough to see in the console what a missing relay means. */
const restartAfterMs = 15_000;

export async function startDemoRelay(options: Options): Promise<DemoRelay> {
  const folder = join(options.dataDir, 'demo-relay');
  const places = ['--data', folder, '--config', join(folder, 'relay.json')];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await configure(folder, options.simulator);
  await enrol(folder, places, options);
  let child = start(places);
  let stopping = false;
  let timer: NodeJS.Timeout | null = null;
  supervise();
  options.screen.event(`relay: process ${child.pid} reads and acts on the on-premises server; kill it and see`);

  function supervise(): void {
    child.once('exit', () => {
      if (stopping) return;
      options.screen.event(`relay: it was killed; its source waits. It is started again in ${restartAfterMs / 1000} s`);
      timer = setTimeout(() => {
        child = start(places);
        supervise();
        options.screen.event(`relay: started again as process ${child.pid}`);
      }, restartAfterMs);
    });
  }
  return {
    async stop() {
      stopping = true;
      if (timer) clearTimeout(timer);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The simulator's address changes with every start of the demo. */
async function configure(folder: string, { url, credentials, console: domino }: TravelerSimulator): Promise<void> {
  const configuration = {
    traveler: { url, credentials },
    console: { by: 'command', command: domino.command },
    log: { level: 'warn' },
    health: { port: 0 },
  };
  await writeFile(join(folder, 'relay.json'), JSON.stringify(configuration, null, 2), { mode: 0o600 });
}

/** Enrols once, and again if the console's port has changed since: a relay accepts no other address for its cloud. */
async function enrol(folder: string, places: readonly string[], { sourceId, facts, api }: Options): Promise<void> {
  const cloud = new URL(facts.consoleUrl).origin;
  const before = readStored(join(folder, 'identity.json'), storedIdentity);
  if (before?.cloudUrl === cloud) return;
  if (before) {
    await api.delete(`/relays/${encodeURIComponent(before.relayId)}`, z.undefined()).catch(ifUnknown);
    for (const file of ['identity.json', 'numbers.json']) await rm(join(folder, file), { force: true });
  }
  const { token } = await api.post('/relays', { sourceId }, invitation);
  await run(process.execPath, [program, 'enrol', cloud, token, ...places]);
}

/** The data folder may have a relay that the product no longer knows. */
function ifUnknown(error: unknown): void {
  if (!(error instanceof ApiRefusal && error.status === 404)) throw error;
}

function start(places: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, 'run', ...places], { stdio: ['ignore', 'ignore', 'inherit'] });
}
