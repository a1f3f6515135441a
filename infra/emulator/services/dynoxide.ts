/**
 * DynamoDB on this machine: dynoxide in a child process, on a file in the data folder.
 *
 * *Starting* until it answers; *running*; *restarting* when the process ended though nobody stopped it (its file is safe
 * against that); *stopped* for good. It never outlives us: a shell between us holds our end of a pipe and kills it when the
 * pipe closes, in whatever way we ended. Should the shell be killed too, the next start finds the process by its pid file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { indexStreams } from './stream-index.ts';

export type Dynoxide = {
  /** Where it answers now, `http://127.0.0.1:port`: waits while it restarts, so ask each time. Rejects when it cannot start. */
  endpoint(): Promise<string>;
  stop(): Promise<void>;
};

const mostStarts = 5;
const startWithinMs = 10_000;
/** Starts "$@", writes its pid to $0, and kills it when standard input closes. */
const guardian = `exec 3<&0
"$@" </dev/null 3<&- & child=$!
echo $child >"$0"
( while read -r _ <&3; do :; done; kill -9 $child ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait $child; code=$?
kill -9 $watch 2>/dev/null
exit $code`;

export async function startDynoxide(dataDir: string, onProblem: (says: string) => void): Promise<Dynoxide> {
  const program = findProgram();
  const file = join(dataDir, 'dynamodb.sqlite');
  const pidFile = join(dataDir, 'dynoxide.pid');
  let stopped = false;
  let current: { child: ChildProcess; endpoint: string } | null = null;

  async function start(startsLeft: number): Promise<string> {
    await reap(pidFile, file);
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const args = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', file];
    const child = spawnGuarded([program, ...args], { pidFile, logFile: join(dataDir, 'dynoxide.log') });
    current = { child, endpoint };
    if (await answers(endpoint, child)) {
      indexStreams(file);
      child.once('exit', restart);
      if (child.exitCode !== null || child.signalCode !== null) restart();
      return endpoint;
    }
    child.stdin?.end();
    if (stopped || startsLeft <= 1)
      throw new Error(`DynamoDB (dynoxide) does not start. Its own words are in ${join(dataDir, 'dynoxide.log')}.`);
    return start(startsLeft - 1);
  }

  function restart(): void {
    if (stopped) return;
    onProblem('DynamoDB (dynoxide) ended unexpectedly; it is started again on the same data.');
    starting = start(mostStarts);
    // Whoever asks for the endpoint hears of it.
    starting.catch(() => undefined);
  }

  let starting = start(mostStarts);
  await starting;
  return {
    endpoint: () => starting,
    async stop() {
      stopped = true;
      await starting.catch(() => undefined);
      if (current) await end(current.child);
      await rm(pidFile, { force: true });
    },
  };
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
    child.once('exit', () => child.stdin?.end());
    return child;
  } finally {
    closeSync(log);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  await exited;
}

async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + startWithinMs;
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return true;
    await pause(5);
  }
  return false;
}

/** Ends what an earlier run left on our file, and nothing else: the process must have that file on its command line. */
async function reap(pidFile: string, file: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
  const commandLine = () => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!Number.isInteger(pid) || pid <= 1 || !(await commandLine()).split('\0').includes(file)) return;
  process.kill(pid, 'SIGKILL');
  while ((await commandLine()) !== '') await pause(5);
}
