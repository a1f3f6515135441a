/**
 * The console through a program on this machine (`server -c "<line>"`): started with an argument vector, no shell, with a time
 * limit; its output is classified and discarded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { TravelerFailure } from '#adapters/traveler/failure';
import { environmentFor, withLine } from './command-line.ts';
import type { DominoConsole } from './console.ts';
import { type Listener, listenTo } from './console-answers.ts';

export type CommandOptions = {
  /** Program and arguments; `{line}` is replaced by the line. */
  command: readonly string[];
  timeoutMs?: number;
  /** Working directory of the program; Domino's data directory, if it needs that. */
  directory?: string | undefined;
  environment?: NodeJS.ProcessEnv;
  /** Name of the console in messages. */
  where?: string;
};

const defaultTimeoutMs = 30_000;
/** After the program has exited, other processes may still hold its output open. */
const outputGraceMs = 250;

export function commandConsole(options: CommandOptions): DominoConsole {
  return { send: (line) => send(options, line) };
}

async function send(options: CommandOptions, line: string): Promise<void> {
  const { where = 'Domino console', timeoutMs = defaultTimeoutMs } = options;
  const listener = listenTo(line);
  const ended = await run(options, line, listener);
  if (ended.how === 'not-started') throw notStarted(where, ended.code);
  const refusal = listener.refusal(where);
  if (refusal) throw refusal;
  if (ended.how === 'timeout') throw unsure(where, `did not end within ${Math.round(timeoutMs / 1000)} s and was stopped`);
  if (ended.code !== 0) throw unsure(where, `ended with code ${ended.code ?? 'none'}`);
}

type Ended = { how: 'exit'; code: number | null } | { how: 'timeout' } | { how: 'not-started'; code: string };

function run(options: CommandOptions, line: string, listener: Listener): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = start(options, line);
  if (typeof child === 'string') return Promise.resolve({ how: 'not-started', code: child });
  for (const output of [child.stdout, child.stderr]) {
    const decoder = new StringDecoder('utf8');
    output?.on('data', (chunk: Buffer) => listener.append(decoder.write(chunk))).on('error', () => undefined);
  }
  const timer = setTimeout(() => {
    end(child);
    resolve({ how: 'timeout' });
  }, options.timeoutMs ?? defaultTimeoutMs);
  child.once('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    resolve({ how: 'not-started', code: error.code ?? 'no code' });
  });
  child.once('exit', (code) => {
    clearTimeout(timer);
    const grace = setTimeout(() => resolve({ how: 'exit', code }), outputGraceMs);
    child.once('close', () => {
      clearTimeout(grace);
      resolve({ how: 'exit', code });
    });
  });
  return promise.finally(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}

/** The child process, or the error code if it could not be started. */
function start({ command, directory, environment = process.env }: CommandOptions, line: string): ChildProcess | string {
  const { program, args } = withLine(command, line);
  try {
    return spawn(program, args, {
      ...(directory === undefined ? {} : { cwd: directory }),
      env: environmentFor(environment),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      windowsHide: true,
      // In its own process group, so that its children can be killed with it and a Ctrl-C at the relay does not interrupt a line.
      detached: process.platform !== 'win32',
    });
  } catch (error) {
    return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
  }
}

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill();
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}

function notStarted(where: string, code: string): TravelerFailure {
  return new TravelerFailure(
    'busy',
    {
      what: `The program for the Domino console cannot be started (${code})`,
      where,
      remedy:
        'Correct console.command in relay.json (the first part is the path of the program), check console.directory, and let the account of the relay run it. What waits goes out by itself then.',
    },
    { unreachable: true },
  );
}

const unsure = (where: string, how: string) =>
  new TravelerFailure('unknown', {
    what: `The program for the Domino console ${how}`,
    where,
    remedy: 'The device is read back to see whether it took effect. If this lasts, try the command by hand on this machine.',
  });
