/**
 * Message numbers: each used once, over all connections and restarts. They are reserved on disk in blocks, so that a number costs no
 * write; what is left of a block at a restart is never used. Without a file, numbering starts from the clock (epoch ms): above every
 * number used before, since no relay sends a thousand messages per second all its life.
 */
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';
import { readStoredJson } from '../stored-file.ts';

const reserved = z.strictObject({ reservedTo: z.number().int().positive() });
const block = 10_000;

export type SequenceNumbers = { next(): number };

/** Throws RelayRefusal if the file exists and cannot be used; `next` throws the disk error if a block cannot be reserved. */
export function createSequenceNumbers(file: string, { now = Date.now }: { now?: () => number } = {}): SequenceNumbers {
  let last = lastReserved(file) ?? now();
  let reservedTo = last;
  return {
    next() {
      last += 1;
      if (last > reservedTo) {
        reservedTo = last + block - 1;
        replaceFile(file, `${JSON.stringify({ reservedTo })}\n`);
      }
      return last;
    },
  };
}

const remedy =
  'Check that the clock of this machine is right, then remove the file: numbers go on from the clock, above all that were used.';

const lastReserved = (file: string): number | null => readStoredJson(file, { schema: reserved, remedy })?.reservedTo ?? null;
