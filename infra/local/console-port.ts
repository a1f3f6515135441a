/** Chooses the console's port: the requested one, else the usual one, else any that is free. */
import { createServer } from 'node:net';
import { bind, listenError } from '#infra/emulator/listen';
import { codeOf } from '#infra/emulator/start-error';

const usual = 4600;
const remedy = 'Choose another with --port, or 0 for any free one.';
/** Errors that concern one port only. */
const ofThisPort = new Set(['EADDRINUSE', 'EACCES']);

/** 0: any free port. Throws StartError if the requested one cannot be used. `probe`: binds a port for a moment. */
export async function portToUse(
  requested: number | undefined,
  probe: (port: number) => Promise<void> = bindOnce,
): Promise<number> {
  const port = requested ?? usual;
  if (port === 0) return port;
  try {
    await probe(port);
    return port;
  } catch (error) {
    if (requested === undefined && ofThisPort.has(codeOf(error) ?? '')) return 0;
    throw listenError(error, { port, remedy });
  }
}

async function bindOnce(port: number): Promise<void> {
  const server = createServer();
  await bind(server, port);
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
