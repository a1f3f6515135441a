/** Reads the body of a response, up to a limit: an endless body must not exhaust our memory. */
import type { Dispatcher } from 'undici';
import { TravelerFailure } from './failure.ts';

export type BodyLimit = { maxBytes: number; where: string };

export async function readBody({ headers, body }: Dispatcher.ResponseData, limit: BodyLimit): Promise<string> {
  if (Number(headers['content-length'] ?? 0) > limit.maxBytes) {
    body.on('error', () => undefined).destroy();
    throw oversized(limit);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit.maxBytes) throw oversized(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

function oversized({ maxBytes, where }: BodyLimit): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: `The answer is larger than ${Math.floor(maxBytes / 1024)} KB and was cut off here`,
    where,
    remedy: 'Check that the url of this source leads to a Traveler server; a page of its device list is a few MB at most.',
  });
}
