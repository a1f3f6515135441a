/**
 * The folder that holds a local stack's state, and the lock that keeps two stacks from using it at once. The lock is a socket
 * that the operating system frees when its process ends in whatever way, so nothing is left behind by kill -9. Who finds it
 * taken can ask it who holds it.
 */
import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '#infra/emulator/start-error';

export type DataDirectory = { path: string; release(): Promise<void> };

/** Creates the folder where needed. Throws StartError, naming the holder's process, when another stack runs on it. */
export async function openDataDirectory(given: string): Promise<DataDirectory> {
  await mkdir(given, { recursive: true });
  const path = await realpath(given);
  const address = lockAddress(path);
  const server = (await listen(address)) ?? (await takeOver(address));
  if (!server) throw new StartError(await inUse(path, address));
  server.unref();
  return { path, release: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Linux: the abstract namespace; Windows: a named pipe; elsewhere a socket file, which a crash leaves behind. */
function lockAddress(path: string): string {
  const name = `traveler-extender-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Null when the address is taken. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(String(process.pid)));
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

/** A socket file that nobody answers on was left by a crash. */
async function takeOver(address: string): Promise<Server | null> {
  if (process.platform === 'linux' || process.platform === 'win32' || (await holder(address)) !== null) return null;
  await rm(address, { force: true });
  return listen(address);
}

function holder(address: string): Promise<string | null> {
  return new Promise((resolve) => {
    let pid = '';
    const socket = connect(address);
    socket.on('data', (part) => (pid += part));
    socket.on('error', () => resolve(null)).on('end', () => resolve(pid));
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
  });
}

async function inUse(path: string, address: string): Promise<string> {
  const pid = await holder(address);
  const by = pid ? ` (process ${pid})` : '';
  return `Another local stack${by} uses ${path}. Stop it, or give this one its own folder with --data DIR.`;
}
