import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { bind, close } from '#infra/emulator/listen';
import { freePort, reservePort } from '#infra/emulator/services/free-port';

test('a reserved port cannot be taken until it is released', async () => {
  const { port, release } = await reservePort();
  const other = createServer();
  await expect(bind(other, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await freePort()).not.toBe(port);
  await release();
  await bind(other, port);
  await close(other);
});

test('a port may be released twice', async () => {
  const { release } = await reservePort();
  await release();
  await release();
});
