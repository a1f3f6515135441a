/** Why the health endpoint cannot listen. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listenRefusal } from '../../../relay/health/listen-refusal.ts';
import { serveHealth } from '../../../relay/health/server.ts';

const options = (port: number) => ({
  port,
  token: 'token',
  status: () => {
    throw new Error('no status');
  },
  metrics: async () => '',
  setLevel: () => undefined,
  failed: () => undefined,
});

test('a port in use by another program is reported as not free', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  await expect(serveHealth(options(port))).rejects.toThrow(`Port ${port} for the health endpoint is not free.`);
  await new Promise((resolve) => other.close(resolve));
});

test.each([
  ['EADDRINUSE', 'is not free', 'to another one'],
  ['EACCES', 'may not be opened by this account', 'above 1023'],
  ['EADDRNOTAVAIL', 'no address 127.0.0.1', 'loopback'],
  ['EMFILE', 'too many files open', 'LimitNOFILE'],
  ['ENOBUFS', 'cannot be opened (ENOBUFS)', 'Look up ENOBUFS'],
])('%s has its own text and remedy', (code, what, remedy) => {
  const refusal = listenRefusal(8080, Object.assign(new Error('listen'), { code }));
  expect(refusal.message).toContain(what);
  expect(refusal.remedy).toContain(remedy);
  expect(refusal.message.includes('not free')).toBe(code === 'EADDRINUSE');
});

test('a request that fails unexpectedly is reported, and answered with 500', async () => {
  const errors: unknown[] = [];
  const health = await serveHealth({ ...options(0), failed: (error) => void errors.push(error) });
  const answer = await fetch(`${health.url}/ready`);
  expect(answer.status).toBe(500);
  expect(errors).toMatchObject([{ message: 'no status' }]);
  await health.close();
});
