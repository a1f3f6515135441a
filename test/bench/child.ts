/** Communication with a process that the bench has forked: one message there, one back. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Starts a program of the bench, and waits for its first message. */
export async function forked(program: string, argument: string): Promise<{ child: ChildProcess; first: unknown }> {
  const child = fork(program, [argument], { stdio: 'inherit', execArgv: [] });
  return { child, first: await answerOf(child) };
}

/** The child's next message; throws when it ends instead. */
export async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`A process of the bench ended with code ${code}: ${child.spawnargs[1]}`);
  });
  gone.catch(() => undefined);
  try {
    return (await Promise.race([once(child, 'message', { signal }), gone]))[0];
  } finally {
    ended.abort();
  }
}

export async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
