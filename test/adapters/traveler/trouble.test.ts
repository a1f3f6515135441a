import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { travelerSource } from '#adapters/traveler/source';
import { connected, devicesOf, failureOf, first, readAll } from './connected.ts';

describe('a busy server', () => {
  test.each([429, 449, 500, 502, 503])('%i is retried, and the list is complete', async (code) => {
    const { source } = await connected({ faults: [{ kind: 'status', code, on: 'list', times: 2 }] });
    expect(await devicesOf(source)).toHaveLength(100);
    expect(source.requests).toBe(3);
  });

  test('a server that stays busy is a transient failure after bounded tries', async () => {
    const { source } = await connected({ faults: [{ kind: 'status', code: 503, on: 'list' }] });
    expect(await failureOf(devicesOf(source))).toMatchObject({
      kind: 'transient',
      problem: { what: expect.stringContaining('503') },
    });
    expect(source.requests).toBe(3);
  });

  test('Retry-After is waited for', async () => {
    const { source } = await connected({ faults: [{ kind: 'status', code: 503, on: 'list', times: 1, retryAfter: '1' }] });
    const started = performance.now();
    await devicesOf(source);
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  test('a Retry-After longer than our limit is passed to the caller', async () => {
    const { source } = await connected({ faults: [{ kind: 'status', code: 503, on: 'list', retryAfter: '120' }] });
    expect(await failureOf(devicesOf(source))).toMatchObject({ kind: 'transient', retryAfterMs: 120_000 });
    expect(source.requests).toBe(1);
  });

  test.each(['empty-body', 'cut-body'] as const)('%s counts as no answer and is retried', async (kind) => {
    const { source } = await connected({ faults: [{ kind, on: 'list', times: 2 }] });
    expect(await devicesOf(source)).toHaveLength(100);
    expect(source.requests).toBe(3);
  });

  test.each(['empty-body', 'cut-body'] as const)('%s on every try is a transient failure', async (kind) => {
    const { source } = await connected({ faults: [{ kind, on: 'list' }] });
    expect((await failureOf(devicesOf(source))).kind).toBe('transient');
  });

  test('a code other than 200 is a failure even under HTTP 200', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'envelope-code', code: 500, on: 'list', times: 1 }] });
    expect(await devicesOf(source)).toHaveLength(100);
    expect(source.requests).toBe(2);
    server.setFaults([{ kind: 'envelope-code', code: 418 }]);
    expect((await failureOf(devicesOf(source))).kind).toBe('permanent');
    server.setFaults([{ kind: 'envelope-code', code: 404, on: 'detail' }]);
    expect(await source.detail((await first(source)).href)).toBe('gone');
  });

  test('slow details are awaited', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'delay', on: 'detail', ms: 150 }] });
    expect(await source.detail(server.deviceAt(1).href)).toMatchObject({ deviceId: server.deviceAt(1).deviceId });
  });

  test('a server that accepts a request and never answers times out', async () => {
    const { source } = await connected({ faults: [{ kind: 'hang', on: 'list' }] }, { timeouts: { headers: 150, total: 400 } });
    expect(await failureOf(devicesOf(source))).toMatchObject({
      kind: 'transient',
      problem: { what: expect.stringContaining('in time') },
    });
  });

  test('a server that cannot be reached is a transient failure that names it', async () => {
    const port = await closedPort();
    const baseUrl = `http://127.0.0.1:${port}`;
    const credentials = async () => ({ user: 'u', password: 'p' });
    const source = travelerSource({ baseUrl, credentials, concurrency: 2, retry: { tries: 2, baseMs: 1 } });
    const failure = await failureOf(devicesOf(source));
    expect(failure).toMatchObject({
      kind: 'transient',
      problem: { where: `${baseUrl} device list`, what: 'The server refuses connections' },
    });
    await source.close();
  });
});

describe('a server that refuses access', () => {
  test('a wrong password is tried once, however many requests wait', async () => {
    const { server, source } = await connected(
      { devices: 50 },
      { credentials: async () => ({ user: 'extender', password: 'wrong' }) },
    );
    const attempts = Array.from({ length: 30 }, (_, index) => failureOf(source.detail(server.deviceAt(index).href)));
    const failures = await Promise.all([...attempts, failureOf(devicesOf(source)), failureOf(source.serverFacts())]);
    expect(new Set(failures.map((failure) => failure.kind))).toEqual(new Set(['denied']));
    expect(server.counts.requests).toEqual({ detail: 1 });
  });

  test('a corrected password is used at once', async () => {
    const given = { user: 'extender', password: 'wrong' };
    const { server, source } = await connected({}, { credentials: async () => ({ ...given }) });
    await failureOf(devicesOf(source));
    given.password = server.credentials.password;
    expect(await devicesOf(source)).toHaveLength(100);
  });

  test('rejected cached credentials are read again, and the failure names their version', async () => {
    const right = await connected();
    const kept = { user: 'extender', password: 'wrong', version: 'one' };
    const corrected = { ...right.server.credentials, version: 'two' };
    const { source } = await connected({}, () => ({
      baseUrl: right.server.url,
      credentials: async ({ anew } = { anew: false }) => (anew ? corrected : kept),
    }));
    expect((await failureOf(devicesOf(source))).secretVersion).toBe('one');
    expect(await devicesOf(source)).toHaveLength(100);
  });

  test('the same password is tried again only after five minutes', async () => {
    let now = 0;
    const { server, source } = await connected({}, { now: () => now });
    const { password } = server.credentials;
    const credentials = travelerSource({
      baseUrl: server.url,
      credentials: async () => ({ user: 'extender', password }),
      concurrency: 2,
      now: () => now,
    });
    server.setPassword('changed');
    await failureOf(devicesOf(credentials));
    now = 299_999;
    await failureOf(devicesOf(credentials));
    expect(server.counts.requests.list).toBe(1);
    server.setPassword(password);
    now = 300_000;
    expect(await devicesOf(credentials)).toHaveLength(100);
    await credentials.close();
    expect(source.requests).toBe(0);
  });

  test('user and password are sent in UTF-8', async () => {
    const { source } = await connected({ user: 'Jürgen Müller/Acme', password: 'пароль–密码' });
    expect(await devicesOf(source)).toHaveLength(100);
  });

  test.each([401, 403])('%i is never retried', async (code) => {
    const { source } = await connected({ faults: [{ kind: 'status', code }] });
    expect((await failureOf(devicesOf(source))).kind).toBe('denied');
    expect(source.requests).toBe(1);
  });

  test.each(['login-page', 'login-redirect'] as const)('a %s is recognised, and the message says how to fix it', async (kind) => {
    const { source } = await connected({ faults: [{ kind }] });
    const failure = await failureOf(devicesOf(source));
    expect(failure.kind).toBe('permanent');
    expect(failure.problem.remedy).toContain('web rule that overrides session authentication for /api*');
    expect(source.requests).toBe(1);
  });

  test('no message contains the password, a user or a device', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'status', code: 403, on: 'detail' }] });
    const { user, deviceId, href } = server.deviceAt(0);
    const failure = await failureOf(source.detail(href));
    for (const secret of [server.credentials.password, user, deviceId, href]) expect(failure.message).not.toContain(secret);
  });
});

describe('an untrustworthy server', () => {
  test('a next to another origin is rejected: the password is not sent there', async () => {
    const elsewhere = await connected();
    const { source } = await connected({ faults: [{ kind: 'foreign-next', to: elsewhere.server.url }] }, { pageMultiplier: 1 });
    expect((await failureOf(devicesOf(source))).kind).toBe('refused');
    expect(elsewhere.server.counts.requests).toEqual({});
  });

  test.each([
    'https://elsewhere.example/x',
    '//elsewhere.example/x',
    '/\\elsewhere.example/x',
    'http://u:p@127.0.0.1/x',
    'file:///etc/passwd',
  ])('an href to %s is rejected for reading and for writing', async (href) => {
    const { server, source } = await connected();
    expect((await failureOf(source.detail(href))).kind).toBe('refused');
    expect((await failureOf(source.block(href))).kind).toBe('refused');
    expect(server.counts.requests).toEqual({});
  });

  test('a record without an href affects that record only', async () => {
    const { source } = await connected();
    expect((await failureOf(source.detail(''))).kind).toBe('invalid');
  });

  test('a list that leads back to a page already read is inconsistent', async () => {
    const { source } = await connected({ faults: [{ kind: 'repeated-next' }] }, { pageMultiplier: 1 });
    const failure = await failureOf(readAll(source));
    expect(failure).toMatchObject({ kind: 'permanent', problem: { what: expect.stringContaining('inconsistent') } });
    expect(source.requests).toBeLessThanOrEqual(3);
  });

  test('an endless list is inconsistent', async () => {
    const { source } = await connected({ devices: 40, faults: [{ kind: 'endless-list' }] }, { pageMultiplier: 1 });
    expect(await failureOf(readAll(source))).toMatchObject({ kind: 'permanent' });
    expect(source.requests).toBeLessThan(20);
  });

  test('an endless body is aborted at the limit', async () => {
    const { source } = await connected({ faults: [{ kind: 'endless-body', on: 'list' }] }, { maxBodyBytes: 1024 * 1024 });
    expect(await failureOf(devicesOf(source))).toMatchObject({
      kind: 'permanent',
      problem: { what: expect.stringContaining('1024 KB') },
    });
    expect(source.requests).toBe(1);
  });

  test('a body with a Content-Length over the limit is not read', async () => {
    const { source } = await connected({}, { maxBodyBytes: 500 });
    expect((await failureOf(devicesOf(source))).kind).toBe('permanent');
  });

  test('malformed JSON is a permanent failure', async () => {
    const { source } = await connected({ faults: [{ kind: 'malformed-json', on: 'list' }] });
    expect(await failureOf(devicesOf(source))).toMatchObject({
      kind: 'permanent',
      problem: { what: expect.stringContaining('JSON') },
    });
  });

  test('a failure on a later page ends the list after its pages', async () => {
    const { server, source } = await connected({ devices: 60 }, { pageMultiplier: 1 });
    const pages = source.pages()[Symbol.asyncIterator]();
    expect((await pages.next()).value).toMatchObject({ page: 1 });
    await expect.poll(() => server.counts.requests.list).toBe(2);
    server.setFaults([{ kind: 'login-page', on: 'list' }]);
    expect((await pages.next()).value).toMatchObject({ page: 2 });
    expect((await failureOf(pages.next())).kind).toBe('permanent');
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 1;
}
