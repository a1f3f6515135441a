/** How far each shard of a stream has been processed, in a file of the data folder. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readStored } from '../stored-file.ts';

/** By stream and shard: the last processed sequence number, or `finished` for a closed and fully processed shard. */
const stored = {
  schema: z.record(z.string(), z.string()),
  holds: 'how far a stream is read',
  remedy: 'the stream is then read from its beginning, and its function gets every record again.',
};
export const finished = 'finished';

export type Checkpoints = {
  of(shard: string): string | null;
  /** Resolves when it is in the file, which is replaced atomically: a crash cannot truncate it. */
  set(shard: string, sequenceNumber: string): Promise<void>;
};

/** Throws StartError if the file exists and cannot be read. */
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
