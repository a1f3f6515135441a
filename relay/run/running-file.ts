/** How to reach the relay that runs on a data folder, on this machine. Readable by its owner only, deleted when the relay stops. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';
import { readStoredJson } from '../stored-file.ts';

export const running = z.object({
  pid: z.number(),
  healthUrl: z.string(),
  /** For requests that not everybody on this machine may make. */
  token: z.string(),
  startedAt: z.number(),
});
export type Running = z.infer<typeof running>;

const fileIn = (dataDir: string) => join(dataDir, 'running.json');

export const writeRunning = (dataDir: string, facts: Running): void => replaceFile(fileIn(dataDir), `${JSON.stringify(facts)}\n`);
export const removeRunning = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true });

/** Null if there is no file: no relay runs, or one was killed before it wrote it. Throws RelayRefusal if it cannot be read. */
export const readRunning = (dataDir: string): Running | null =>
  readStoredJson(fileIn(dataDir), { schema: running, remedy: 'Restart the relay, which writes this file again.' });
