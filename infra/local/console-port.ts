/** Which port the console gets: the one asked for, else the usual one, else any that is free. */
import { createServer } from 'node:net';
import { StartError } from '#infra/emulator/start-error';

const usual = 4600;

/** Throws Refusal when the one asked for is taken. */
export async function portToUse(asked: number | undefined): Promise<number> {
  const port = asked ?? usual;
  if (port === 0 || (await isFree(port))) return port;
  if (asked === undefined) return 0;
  throw new StartError(
    `Port ${asked} of 127.0.0.1 is taken by another program. Choose another with --port, or 0 for any free one.`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
