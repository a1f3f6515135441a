/**
 * DynamoDB on this machine: dynoxide in a child process, on a file in the data folder.
 *
 * *Starting* until it answers; *running*; *restarting* when the process ended though nobody stopped it (its file is safe
 * against that), at most a few times in a row (restarts.ts); *stopped* for good. It never outlives us: a shell between us holds
 * our end of a pipe and kills it when the pipe closes, however we end. Should the shell be killed too, the next start finds the
 * process by its pid file.
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
  /** Where it answers now, `http://127.0.0.1:port`: waits while it restarts, so ask each time. Rejects when it cannot start. */
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
  /** Settles with the endpoint of the present life, or why there is none. */
  starting: Promise<string>;
};

export async function startDynoxide(dataDir: string, onProblem: (says: string) => void): Promise<Dynoxide> {
  const program = findProgram();
  const files = {
    database: join(dataDir, 'dynamodb.sqlite'),
    pidFile: join(dataDir, 'dynoxide.pid'),
    logFile: join(dataDir, 'dynoxide.log'),
  };
  const state: State = { stopped: false, current: null, restarts: { inARow: 0, startedAt: Date.now() }, starting: noStart };

  function begin(waitMs: number): void {
    state.starting = start(program, files, { state, waitMs });
    // A start that failed rejects for whoever asks for the endpoint; nobody may be asking.
    state.starting.then(watch, () => undefined);
  }
  function watch(): void {
    const child = state.current?.child;
    child?.once('exit', restart);
    if (child && isOver(child)) restart();
  }
  function restart(): void {
    if (state.stopped) return;
    state.current?.child.off('exit', restart);
    const next = nextRestart(state.restarts, Date.now());
    if (!next) {
      const says = `DynamoDB (dynoxide) ended ${state.restarts.inARow + 1} times in a row and is not started again. ${seeLog(files)}`;
      onProblem(says);
      state.starting = Promise.reject(new Error(says));
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

/** Gives the endpoint. Tries a few times, each on another port; then throws. */
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
    if (await answers(endpoint, child)) {
      indexStreams(files.database);
      return endpoint;
    }
    child.stdin?.end();
  }
  throw new Error(`DynamoDB (dynoxide) does not start. Its own words are in ${files.logFile}.`);
}

/** Throws, saying what to do instead, where no package of dynoxide fits this machine. */
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

/** In a process group of its own: a terminal's Ctrl-C reaches us, and we stop it when everything else is done. */
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

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (isOver(child) || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}

async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + startWithinMs;
  while (Date.now() < until && child.pid !== undefined && !isOver(child)) {
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return true;
    await pause(5);
  }
  return false;
}
