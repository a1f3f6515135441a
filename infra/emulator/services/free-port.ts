import { once } from 'node:events';
import { createServer } from 'node:net';
import { listen } from '../listen.ts';

/** A port of 127.0.0.1 that is free at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe, 0);
  probe.close();
  await once(probe, 'close');
  return port;
}
