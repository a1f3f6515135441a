/**
 * DynamoDB on this machine: dynoxide in a child process, on a file in the data folder.
 *
 * *Starting* until it responds; *running*; *restarting* when the process ended without being stopped (its file is safe
 * against that), at most a few times in a row (restarts.ts); *stopped* (final). It never outlives this process: a shell in
 * between holds the other end of a pipe and kills it when the pipe closes, however this process ends. If the shell is killed
 * too, the next start finds the process by its pid file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '#domain/time/backoff';
import { freePort } from './free-port.ts';
import { endLeftBehind } from './left-behind.ts';
import { nextRestart, type Restarts } from './restarts.ts';
import { indexStreams } from './stream-index.ts';

export type Dynoxide = {
  /** Its current address, `http://127.0.0.1:port`: waits while it restarts, so call it each time. Rejects if it cannot start. */
  endpoint(): Promise<string>;
  stop(): Promise<void>;
};

const mostStarts = 5;
const startWithinMs = 10_000;
const startPolicy = { firstMs: 50, longestMs: 1000, jitter: 'none' } as const;
/** Starts "$@", writes its pid to $0, and kills it when standard input closes. */
const guardian = `exec 3<&0
"$@" </dev/null 3<&- & child=$!
echo $child >"$0"
( while read -r _ <&3; do :; done; kill -9 $child ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $child; code=$?
kill -9 $watch 2>/dev/null
exit $code`;

type Files = { database: string; pidFile: string; logFile: string };
type State = {
  stopped: boolean;
  current: { child: ChildProcess; endpoint: string } | null;
  restarts: Restarts;
  /** Resolves with the endpoint of the current process, or rejects with why there is none. */
  starting: Promise<string>;
};

export async function startDynoxide(dataDir: string, onProblem: (message: string) => void): Promise<Dynoxide> {
  const program = findProgram();
  const files = {
    database: join(dataDir, 'dynamodb.sqlite'),
    pidFile: join(dataDir, 'dynoxide.pid'),
    logFile: join(dataDir, 'dynoxide.log'),
  };
  const state: State = { stopped: false, current: null, restarts: { inARow: 0, startedAt: Date.now() }, starting: noStart };

  function begin(waitMs: number): void {
    state.starting = start(program, files, { state, waitMs });
    // A failed start rejects for callers of `endpoint`; there may be none.
    state.starting.then(watch, () => undefined);
  }
  function watch(): void {
    const child = state.current?.child;
    child?.once('exit', restart);
    if (child && hasEnded(child)) restart();
  }
  function restart(): void {
    if (state.stopped) return;
    state.current?.child.off('exit', restart);
    const next = nextRestart(state.restarts, Date.now());
    if (!next) {
      const message = `DynamoDB (dynoxide) ended ${state.restarts.inARow + 1} times in a row and is not started again. ${seeLog(files)}`;
      onProblem(message);
      state.starting = Promise.reject(new Error(message));
      state.starting.catch(() => undefined);
      return;
    }
    onProblem('DynamoDB (dynoxide) ended unexpectedly; it is started again on the same data.');
    state.restarts = { inARow: next.inARow, startedAt: Date.now() + next.waitMs };
    begin(next.waitMs);
  }

  begin(0);
  await state.starting;
  return {
    endpoint: () => state.starting,
    async stop() {
      state.stopped = true;
      await state.starting.catch(() => undefined);
      if (state.current) await end(state.current.child);
      await rm(files.pidFile, { force: true });
    },
  };
}

const noStart = Promise.resolve('');
const seeLog = ({ logFile }: Files) => `Its log is ${logFile}.`;

/** Returns the endpoint. Tries a few times, each on another port; then throws. */
async function start(program: string, files: Files, { state, waitMs }: { state: State; waitMs: number }): Promise<string> {
  await pause(waitMs);
  for (let attempt = 1; attempt <= mostStarts && !state.stopped; attempt++) {
    if (attempt > 1) await pause(backoffMs(startPolicy, attempt - 1, 0));
    await endLeftBehind(files.pidFile, files.database);
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const args = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', files.database];
    const child = spawnGuarded([program, ...args], files);
    state.current = { child, endpoint };
    if (await responds(endpoint, child)) {
      indexStreams(files.database);
      return endpoint;
    }
    child.stdin?.end();
  }
  throw new Error(`DynamoDB (dynoxide) does not start. Its own words are in ${files.logFile}.`);
}

/** Throws an error that says what to do instead if there is no dynoxide package for this machine. */
function findProgram(): string {
  const kind = `${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@dynoxide/${kind}/package.json`)), 'dynoxide');
  } catch {
    throw new Error(
      `No DynamoDB comes with this project for ${kind} (package @dynoxide/${kind} is not installed). ` +
        'Run another DynamoDB-compatible server and name it: DYNAMODB_ENDPOINT=http://127.0.0.1:8000.',
    );
  }
}

/** In its own process group: a terminal's Ctrl+C reaches only this process, which stops it after everything else. */
function spawnGuarded(command: string[], { pidFile, logFile }: { pidFile: string; logFile: string }): ChildProcess {
  const log = openSync(logFile, 'w', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', guardian, pidFile, ...command], { detached: true, stdio: ['pipe', log, log] });
    child.stdin?.on('error', () => undefined);
    return child;
  } finally {
    closeSync(log);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}

async function responds(endpoint: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + startWithinMs;
  while (Date.now() < until && child.pid !== undefined && !hasEnded(child)) {
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return true;
    await pause(5);
  }
  return false;
}
