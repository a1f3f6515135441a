/**
 * Numbers of messages: each once, over all connections and restarts. Blocks of them are reserved on disk, so that a number costs
 * no write of its own; what is left of a block at a restart is never used. Where the file is missing or damaged the count goes on
 * from the clock (epoch ms): above whatever was used before, since no relay sends a thousand messages every second of its life.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceFile } from '../atomic-file.ts';

const reserved = z.strictObject({ reservedTo: z.number().int().positive() });
const block = 10_000;

export type SequenceNumbers = { next(): number };

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

function lastReserved(file: string): number | null {
  try {
    return reserved.parse(JSON.parse(readFileSync(file, 'utf8'))).reservedTo;
  } catch {
    return null;
  }
}
