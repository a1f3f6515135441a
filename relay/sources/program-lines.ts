/** Runs a program by argument vector and yields its output line by line: limited in time and size, no shell. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { environmentFor } from '../domino/command-line.ts';

export type ProgramLimits = {
  /** Longest time without output, ms. */
  idleMs: number;
  /** Longest line, characters. */
  lineLength: number;
};

/** `code`: exit code, null if a signal ended it. `error`: it could not be started. */
export class ProgramFailed extends Error {
  readonly how: 'not-started' | 'silent' | 'endless-line' | 'ended';
  readonly code: number | string | null;
  constructor(how: ProgramFailed['how'], code: number | string | null = null) {
    super(`The program failed: ${how} (${code ?? 'no code'})`);
    this.how = how;
    this.code = code;
  }
}

type Child = ChildProcessByStdio<null, Readable, null>;

/** Ends the program when the caller stops iterating. Throws ProgramFailed, also for an exit code other than 0. */
export async function* programLines([program = '', ...args]: readonly string[], limits: ProgramLimits): AsyncGenerator<string> {
  const child: Child = spawn(program, args, {
    ...{ stdio: ['ignore', 'pipe', 'ignore'], shell: false, windowsHide: true, env: environmentFor(process.env) },
  });
  const ended = endOf(child);
  // Examined once the output has ended; until then nobody awaits it.
  ended.catch(() => undefined);
  let silent = false;
  const watch = setTimeout(() => {
    silent = true;
    child.kill('SIGKILL');
  }, limits.idleMs);
  try {
    let rest = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      watch.refresh();
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if ([...lines, rest].some(({ length }) => length > limits.lineLength)) throw new ProgramFailed('endless-line');
      for (const line of lines) yield line.replace(/\r$/, '');
      watch.refresh();
    }
    if (rest !== '') yield rest;
    const code = await ended;
    if (silent) throw new ProgramFailed('silent');
    if (code !== 0) throw new ProgramFailed('ended', code);
  } finally {
    clearTimeout(watch);
    child.kill('SIGKILL');
  }
}

function endOf(child: Child): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(new ProgramFailed('not-started', error.code ?? null)));
    child.once('close', (code) => resolve(code));
  });
}
