/** Listens on a port of 127.0.0.1, with errors that state the cause and what to do. */
import { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { codeOf, StartError } from './start-error.ts';

const host = '127.0.0.1';

/** Returns the port once the server listens; `port` 0: any free one. Throws StartError; `remedy`: what to do about a port in use. */
export async function listen(server: Server, port: number, { remedy = 'Start again.' } = {}): Promise<number> {
  await bind(server, port).catch((error: unknown) => {
    throw listenError(error, { port, remedy });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`a server on ${host} has no port`);
  return address.port;
}

/** Resolves once the server listens; rejects with the operating system's error. */
export async function bind(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise.finally(() => server.off('error', reject));
}

/** Stops listening and ends every connection; resolves when both are done. */
export async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  if (server instanceof HttpServer) server.closeAllConnections();
  await closed;
}

/** Only EADDRINUSE means that another program has the port. */
export function listenError(error: unknown, { port, remedy }: { port: number; remedy: string }): StartError {
  const code = codeOf(error);
  const where = port === 0 ? `A port of ${host}` : `Port ${port} of ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(`${where} is taken by another program (EADDRINUSE). ${remedy}`);
    case 'EACCES':
      return new StartError(`${where} may not be used: the system reserves it for privileged programs (EACCES). ${remedy}`);
    case 'EADDRNOTAVAIL':
      return new StartError(`${host} is not available on this machine (EADDRNOTAVAIL). Enable its loopback interface.`);
    case 'EMFILE':
    case 'ENFILE':
      return new StartError(`${where} cannot be opened: too many files are open (${code}). Raise the limit (ulimit -n).`);
    default:
      return new StartError(`${where} cannot be opened (${code ?? String(error)}). ${remedy}`);
  }
}
