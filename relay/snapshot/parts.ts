/** Cuts what is to be sent into parts that fit into one message each. The hash of a device determines its part. */
import { longestMessageBytes } from '#domain/relay/relay-protocol';

/** `bytes`: size of the device as JSON; null: removed, only its hash is sent. */
export type Sized = { hash: string; bytes: number | null };
export type PartRange = { first: string; last: string };

const removedBytes = '"0123456789abcdef",'.length;

/** The size of an empty message, with its number and fence at their longest. */
export function emptyPartBytes(runId: string): number {
  const most = Number.MAX_SAFE_INTEGER;
  const empty = { type: 'gatherPart', n: most, fence: most, runId, part: most, devices: [], removed: [] };
  return Buffer.byteLength(JSON.stringify(empty));
}

/** `sizes` in order of hash, none larger than a message. */
export function cutParts(sizes: Iterable<Sized>, runId: string): PartRange[] {
  const room = longestMessageBytes - emptyPartBytes(runId);
  const parts: PartRange[] = [];
  let left = 0;
  for (const { hash, bytes } of sizes) {
    const needed = bytes === null ? removedBytes : bytes + 1;
    const current = parts.at(-1);
    if (current === undefined || needed > left) {
      parts.push({ first: hash, last: hash });
      left = room - needed;
    } else {
      current.last = hash;
      left -= needed;
    }
  }
  return parts;
}
