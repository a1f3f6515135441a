/**
 * The folder with a local stack's state, and the lock that keeps two stacks from using it at once. The lock is a socket: the
 * operating system releases it however its process ends, so kill -9 leaves no lock. A connection to it returns the process id.
 */
import { createHash } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, StartError } from '#infra/emulator/start-error';

export type DataDirectory = { path: string; release(): Promise<void> };

/** Creates the folder if needed. Throws StartError if it cannot be used, or if another stack uses it (naming its process). */
export async function openDataDirectory(given: string): Promise<DataDirectory> {
  const path = await createdFolder(given);
  const address = lockAddress(path);
  const server = (await listen(address)) ?? (await takeOver(address));
  if (!server) throw new StartError(await inUse(path, address));
  server.unref();
  return { path, release: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function createdFolder(given: string): Promise<string> {
  try {
    await mkdir(given, { recursive: true });
    return await realpath(given);
  } catch (error) {
    const code = codeOf(error);
    const reason = (code && reasons[code]) ?? `${code ?? String(error)}. Name another folder with --data DIR`;
    throw new StartError(`The data folder ${given} cannot be used: ${reason}.`);
  }
}

const reasons: Record<string, string> = {
  EACCES: 'this account may not create or enter it (EACCES). Correct its permissions, or name another with --data DIR',
  EROFS: 'its disk is read-only (EROFS). Name another with --data DIR',
  EEXIST: 'a file of this name is in its place (EEXIST). Name another with --data DIR',
  ENOTDIR: 'a file is in its path (ENOTDIR). Name another with --data DIR',
  ENOSPC: 'the disk is full (ENOSPC). Free some space, or name another with --data DIR',
};

/** Linux: the abstract namespace; Windows: a named pipe; elsewhere a socket file, which a crash leaves behind. */
function lockAddress(path: string): string {
  const name = `traveler-extender-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Null if the address is in use. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end(String(process.pid)));
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(lockError(error)),
    );
    server.listen(address, () => resolve(server));
  });
}

function lockError({ code, message }: NodeJS.ErrnoException): StartError {
  return new StartError(
    `The lock of the data folder cannot be taken (${code ?? message}). Check the permissions of ${tmpdir()}.`,
  );
}

/** Takes over a socket file that a crash left behind: one on which no process listens. */
async function takeOver(address: string): Promise<Server | null> {
  if (process.platform === 'linux' || process.platform === 'win32' || !(await isAbandoned(address))) return null;
  await rm(address, { force: true });
  return listen(address);
}

/** Only a refused connection proves it: a holder that is slow, or of another account, still holds the lock. */
export async function isAbandoned(address: string): Promise<boolean> {
  const { error } = await readHolder(address);
  return error === 'ECONNREFUSED' || error === 'ENOENT';
}

/** The process id that the holder returns, or why there is no response. */
function readHolder(address: string): Promise<{ pid: string; error?: string | undefined }> {
  return new Promise((resolve) => {
    let pid = '';
    const socket = connect(address);
    socket.on('data', (part) => (pid += part));
    socket.on('error', (error) => resolve({ pid: '', error: codeOf(error) })).on('end', () => resolve({ pid }));
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
  });
}

async function inUse(path: string, address: string): Promise<string> {
  const { pid } = await readHolder(address);
  const by = pid ? ` (process ${pid})` : '';
  return `Another local stack${by} uses ${path}. Stop it, or give this one its own folder with --data DIR.`;
}
