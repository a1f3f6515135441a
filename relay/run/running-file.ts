/** How the relay that runs on a data folder is reached on this machine. Readable by its owner alone, gone when it stops. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';

export const running = z.object({
  pid: z.number(),
  healthUrl: z.string(),
  /** For what is not for everybody on this machine. */
  token: z.string(),
  startedAt: z.number(),
});
export type Running = z.infer<typeof running>;

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

export const writeRunning = (dataDir: string, facts: Running): void => replaceFile(fileIn(dataDir), `${JSON.stringify(facts)}\n`);
export const removeRunning = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true });

/** Null where none runs, as far as the file says. */
export function readRunning(dataDir: string): Running | null {
  try {
    return running.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')));
  } catch {
    return null;
  }
}
