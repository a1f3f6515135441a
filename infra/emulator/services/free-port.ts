import { createServer } from 'node:net';
import { close, listen } from '../listen.ts';

/** A port of 127.0.0.1 that nobody else gets until `release`. */
export type ReservedPort = { port: number; release(): Promise<void> };

/**
 * Keeps a free port until it is needed. A port that is only looked up may be taken by another program in the seconds in which
 * functions are bundled.
 */
export async function reservePort(): Promise<ReservedPort> {
  const placeholder = createServer();
  const port = await listen(placeholder, 0);
  return { port, release: () => close(placeholder) };
}

/** A port of 127.0.0.1 that is free at the moment. */
export async function freePort(): Promise<number> {
  const { port, release } = await reservePort();
  await release();
  return port;
}
