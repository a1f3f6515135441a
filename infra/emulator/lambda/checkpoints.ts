/** How far each shard of a stream is done, in a file of the data folder. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readStored } from '../stored-file.ts';

/** By stream and shard: the last sequence number that is done, or that the shard is closed and done. */
const stored = {
  schema: z.record(z.string(), z.string()),
  holds: 'how far a stream is read',
  remedy: 'the stream is then read from its beginning, and its function gets every record again.',
};
export const finished = 'finished';

export type Checkpoints = {
  of(shard: string): string | null;
  /** Resolves when it is in the file, which is replaced whole: a crash cannot cut it short. */
  set(shard: string, sequenceNumber: string): Promise<void>;
};

/** Throws StartError when the file is there and cannot be read. */
export function openCheckpoints(file: string): Checkpoints {
  let done = readStored(file, stored) ?? {};
  return {
    of: (shard) => done[shard] ?? null,
    async set(shard, sequenceNumber) {
      done = { ...done, [shard]: sequenceNumber };
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(done));
      await rename(`${file}.new`, file);
    },
  };
}
