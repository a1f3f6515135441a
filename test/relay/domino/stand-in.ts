/** A program in place of `server -c`: records how it was called, and does what the test says. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export type Called = { argv: string[]; env: Record<string, string>; pid: number; cwd: string };

/** `does`: JavaScript that it runs after recording how it was called. */
export function standIn(does = '') {
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [program, calls] = [join(folder, 'server.mjs'), join(folder, 'calls')];
  writeFileSync(calls, '');
  writeFileSync(
    program,
    `#!${process.execPath}
import { appendFileSync } from 'node:fs';
const { pid, env } = process;
appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ argv: process.argv.slice(2), env, pid, cwd: process.cwd() }) + '\\n');
${does}`,
  );
  chmodSync(program, 0o755);
  return {
    folder,
    program,
    /** As configured: started by its own path, like a server program. */
    command: [program, '-c', '{line}'],
    calls: (): Called[] =>
      readFileSync(calls, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}
