/** The port of the console: the requested one, or the reason why not and what to do. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { bind, close, listen } from '#infra/emulator/listen';
import { StartError } from '#infra/emulator/start-error';
import { portToUse } from '#infra/local/console-port';

const failing = (code: string) => async () => {
  throw Object.assign(new Error(`listen ${code}: 127.0.0.1`), { code });
};
const free = async () => undefined;

test('the requested port, the usual one, or any free one is used', async () => {
  expect(await portToUse(8123, free)).toBe(8123);
  expect(await portToUse(undefined, free)).toBe(4600);
  expect(await portToUse(undefined, failing('EADDRINUSE'))).toBe(0);
  expect(await portToUse(undefined, failing('EACCES'))).toBe(0);
  expect(await portToUse(0, failing('EADDRINUSE'))).toBe(0);
});

test('a port in use is named', async () => {
  const other = createServer();
  const port = await listen(other, 0);
  await expect(portToUse(port)).rejects.toThrow(
    new StartError(
      `Port ${port} of 127.0.0.1 is taken by another program (EADDRINUSE). Choose another with --port, or 0 for any free one.`,
    ),
  );
  await close(other);
  expect(await portToUse(port)).toBe(port);
});

test.each([
  ['EACCES', 80, 'Port 80 of 127.0.0.1 may not be used: the system reserves it'],
  ['EADDRNOTAVAIL', 8123, '127.0.0.1 is not available on this machine'],
  ['EADDRNOTAVAIL', undefined, '127.0.0.1 is not available on this machine'],
  ['EMFILE', 8123, 'too many files are open (EMFILE)'],
  ['ENOBUFS', 8123, 'Port 8123 of 127.0.0.1 cannot be opened (ENOBUFS)'],
])('%s does not count as a port in use', async (code, asked, says) => {
  const error = await portToUse(asked, failing(code)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain(says);
  expect(String(error)).not.toContain('another program');
});

test('a server that cannot listen reports why; later errors are its own', async () => {
  const other = createServer();
  const port = await listen(other, 0);
  const second = createServer();
  await expect(listen(second, port)).rejects.toThrow(StartError);
  await expect(bind(second, port)).rejects.toThrow('EADDRINUSE');
  expect(second.listenerCount('error')).toBe(0);
  await close(other);
});
