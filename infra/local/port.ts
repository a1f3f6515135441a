/** Which port the console gets: the one asked for, else the usual one, else any that is free. */
import { createServer } from 'node:net';

const usual = 4600;

export async function portToUse(asked: number | undefined): Promise<number> {
  if (asked !== undefined) return asked;
  return (await isFree(usual)) ? usual : 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
