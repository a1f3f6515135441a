/** How the relay that runs on a data folder is reached on this machine. Readable by its owner alone, gone when it stops. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';
import { readStoredJson } from '../stored-file.ts';

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

/** Null where there is no file: no relay runs, or one was killed before it wrote it. Throws RelayRefusal where it cannot be read. */
export const readRunning = (dataDir: string): Running | null =>
  readStoredJson(fileIn(dataDir), { schema: running, remedy: 'Restart the relay, which writes this file again.' });
