/** The relay as a person runs it: a separate process, with its own data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const line = z.looseObject({ level: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof line>;

/** Short times, so that tests do not wait long. */
export const quick = {
  openMs: 2_000,
  heartbeatMs: 100,
  // Long compared with the delays of a busy machine; tests of silence make it short.
  silenceMs: 2_000,
  lifeMs: 600_000,
  settledMs: 1_000,
  drainMs: 1_000,
  leaveMs: 300,
  ackMs: 10,
  resendMs: 300,
};

export const aConfiguration = {
  traveler: { url: 'http://127.0.0.1:9', credentials: { user: 'svc', password: 'never shown' } },
  console: { by: 'rest' },
  health: { port: 0 },
};

export const dataFolder = () => mkdtempSync(join(tmpdir(), 'relay-test-'));

export function writeConfiguration(dataDir: string, configuration: object = aConfiguration): void {
  writeFileSync(join(dataDir, 'relay.json'), JSON.stringify(configuration), { mode: 0o600 });
}

type Options = { dataDir: string; environment?: NodeJS.ProcessEnv; program?: readonly string[] };
const main = ['relay/main.ts'];

export function startProcess(args: readonly string[], { dataDir, environment = {}, program = main }: Options) {
  const child = spawn(process.execPath, [...program, ...args, '--data', dataDir], {
    env: { PATH: process.env.PATH, HOME: dataDir, RELAY_TIMING: JSON.stringify(quick), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  let [out, error] = ['', ''];
  createInterface({ input: child.stdout }).on('line', (text) => {
    out += `${text}\n`;
    try {
      lines.push(line.parse(JSON.parse(text)));
    } catch {
      // Not every command logs; text for people is in `out`.
    }
  });
  child.stderr.on('data', (chunk) => {
    error += chunk;
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode, out, error }));
  return { child, lines, ended, text: () => ({ out, error }), kill: (signal: NodeJS.Signals) => kill(child, signal) };
}
export type RelayProcess = ReturnType<typeof startProcess>;

/** Runs a command to its end. */
export const relay = (args: readonly string[], options: Options) => startProcess(args, options).ended;

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
