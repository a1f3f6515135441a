/** The doctor on real set-ups, each with one thing broken: it names exactly that one, with its remedy, and exits with 1. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { closeCodes } from '#domain/relay/relay-protocol';
import { expired, ofElsewhere, ofThisMachine } from '#test/fixtures/certificates';
import { type RelayProcess, relay, startProcess } from '../relay-process.ts';
import { until } from '../until.ts';
import { aProxy } from './proxy.ts';
import { type SetUp, setUp } from './set-up.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function ready(...given: Parameters<typeof setUp>): Promise<SetUp> {
  const made = await setUp(...given);
  closing.push(made.close);
  return made;
}
async function proxy(...given: Parameters<typeof aProxy>) {
  const made = await aProxy(...given);
  closing.push(made.close);
  return made;
}

/** Exactly one thing is broken: this one. */
async function namesOnly(id: string, { at, says, cure }: { at: SetUp; says: RegExp; cure: RegExp }) {
  const found = await at.examine();
  const broken = found.checks.filter(({ verdict }) => verdict === 'broken');
  expect(broken.map((one) => one.id)).toEqual([id]);
  expect(broken[0]?.says).toMatch(says);
  expect(broken[0]?.cure).toMatch(cure);
  expect(found).toMatchObject({ well: false, broken: id });
  return found;
}
const byCommand = ({ traveler }: SetUp) => ({ by: 'command', command: traveler.console.command, timeoutSeconds: 5 });
const verdicts = (found: Awaited<ReturnType<SetUp['examine']>>) =>
  Object.fromEntries(found.checks.map((one) => [one.id, one.verdict]));

describe('nothing is broken', () => {
  test('all checks are shown, none fails, and the lease is released', async () => {
    const at = await ready();
    at.configure({ console: byCommand(at) });
    const found = await at.examine();
    expect(found).toMatchObject({ well: true, broken: null });
    expect(Object.values(verdicts(found))).not.toContain('not-tried');
    expect(verdicts(found)).toMatchObject({
      handshake: 'well',
      proof: 'well',
      seen: 'well',
      list: 'well',
      version: 'well',
      rights: 'well',
    });
    expect(at.cloud.lease.holder).toBeNull();
    expect(at.cloud.received.map(({ message }) => message.type)).toEqual(['hello', 'goodbye']);
    expect(at.traveler.console.effects.map(({ line }) => line)).toEqual(['tell traveler status']);
    expect(at.traveler.effects).toEqual([]);
  });

  test('over TLS with a private authority, through a proxy with a password', async () => {
    const through = await proxy({ expects: 'svc:s3cret' });
    const at = await ready({ cloud: { tls: ofThisMachine } });
    writeFileSync(at.file('proxy-password'), 's3cret\n', { mode: 0o600 });
    at.configure({ proxy: { url: through.url, user: 'svc', passwordFile: 'proxy-password' } });
    const found = await at.examine();
    expect(found).toMatchObject({ well: true });
    expect(verdicts(found)).toMatchObject({ proxy: 'well', tls: 'well', handshake: 'well' });
    expect(through.asked.length).toBeGreaterThan(1);
    expect(found.out).not.toContain('s3cret');
  });

  test('a running relay is asked, and keeps its connection', async () => {
    const at = await ready();
    at.cloud.line.delayMs = 150;
    const running: RelayProcess = startProcess(['run'], { dataDir: at.dataDir });
    closing.push(() => running.kill('SIGKILL'));
    // The cloud grants the lease a moment before the relay knows: wait until the relay itself reports that it is connected.
    await until('ready', async () => (await relay(['status'], { dataDir: at.dataDir })).code === 0, { ms: 20_000 });
    const found = await at.examine();
    expect(found).toMatchObject({ well: true });
    expect(found.checks.find(({ id }) => id === 'relay')?.says).toContain(`process ${running.child.pid}`);
    expect(at.cloud.handshakes).toEqual(['taken']);
  });

  test('a person sees a line per check, and finally what to fix', async () => {
    const at = await ready();
    at.traveler.setPassword('another');
    const { out, code } = await at.run();
    expect(code).toBe(1);
    expect(out).toMatch(/^✓ Configuration {6}/m);
    expect(out).toMatch(/^✗ Credentials .*401.*\n +→ Correct traveler\.credentials/m);
    expect(out).toMatch(/^– Device list +not tried: Credentials comes first/m);
    expect(out).toMatch(/\nBroken: Credentials\. Correct traveler\.credentials/);
    const json = await at.run('--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ well: false, broken: 'credentials' });
    at.configure({ traveler: { ...at.usual.traveler, credentials: { ...at.traveler.credentials, password: 'another' } } });
    expect((await at.run()).code).toBe(0);
  });
});

describe('files', () => {
  test('an unknown field', async () => {
    const at = await ready({ configuration: { travler: {} } });
    const found = await namesOnly('configuration', { at, says: /travler: there is no such field/, cure: /docs\/relay\.md/ });
    expect(verdicts(found)).toMatchObject({ handshake: 'not-tried', traveler: 'not-tried', identity: 'well' });
  });

  test('a configuration with a password that others can read', async () => {
    const at = await ready();
    chmodSync(at.file('relay.json'), 0o644);
    await namesOnly('configuration', { at, says: /chmod 600/, cure: /Correct it/ });
  });

  test('a data folder that others can enter', async () => {
    const at = await ready();
    chmodSync(at.dataDir, 0o755);
    await namesOnly('data', { at, says: /Others may look/, cure: /^chmod 700/ });
  });

  test('a missing identity', async () => {
    const at = await ready();
    rmSync(at.file('identity.json'));
    await namesOnly('identity', { at, says: /not enrolled/, cure: /relay enrol <url> <token>/ });
  });

  test('a damaged identity', async () => {
    const at = await ready();
    at.identity(() => ({ key: 'scribbled over' }));
    const found = await namesOnly('identity', { at, says: /damaged \(key\)/, cure: /Restore it from a backup/ });
    expect(found.out).not.toContain('scribbled over');
  });

  test('a damaged journal', async () => {
    const at = await ready();
    writeFileSync(at.file('journal.db'), 'no database at all, and longer than its header would be '.repeat(80));
    await namesOnly('stores', { at, says: /journal of actions/, cure: /move it away/ });
  });

  test('a data folder held by another process', async () => {
    const at = await ready();
    const { singleInstance } = await import('../../../relay/run/single-instance.ts');
    const lock = singleInstance(at.dataDir);
    closing.push(async () => lock.release());
    await namesOnly('relay', { at, says: /Another process holds/, cure: /systemctl restart/ });
  });
});

describe('the connection to the cloud', () => {
  test('a name that cannot be resolved', async () => {
    const at = await ready();
    at.identity(() => ({ socketUrl: 'wss://cloud.invalid/live' }));
    await namesOnly('name', { at, says: /cloud\.invalid.*(ENOTFOUND|EAI_AGAIN)/, cure: /DNS of this machine/ });
  });

  test('a port that nobody listens on', async () => {
    const at = await ready();
    await at.cloud.close();
    await namesOnly('reach', { at, says: /ECONNREFUSED/, cure: /connect outward/ });
  });

  test('a proxy that requires a password', async () => {
    const through = await proxy({ expects: 'svc:s3cret' });
    const at = await ready();
    at.configure({ proxy: { url: through.url, user: 'svc', password: 'wr0ng' } });
    const found = await namesOnly('proxy', { at, says: /does not accept the user and password \(407\)/, cure: /passwordFile/ });
    expect(found.out).not.toContain('wr0ng');
  });

  test('a proxy from the environment that rejects everything', async () => {
    const through = await proxy({ refuses: 403 });
    const at = await ready({ environment: { HTTP_PROXY: through.url } });
    await namesOnly('proxy', { at, says: /does not let the relay through.*403/, cure: /allowed on the proxy/ });
  });

  test('a proxy that does not exist', async () => {
    const at = await ready({ configuration: { proxy: { url: 'http://127.0.0.1:9' } } });
    await namesOnly('reach', { at, says: /127\.0\.0\.1:9, the proxy/, cure: /address is right \(proxy in relay\.json\)/ });
  });

  test('a certificate of an untrusted authority', async () => {
    const at = await ready({ cloud: { tls: ofThisMachine } });
    at.configure({ caFile: undefined });
    await namesOnly('tls', { at, says: /not trusted \(.*issued by Test cloud/, cure: /caFile/ });
  });

  test.each([
    ['for another host', ofElsewhere, /ERR_TLS_CERT_ALTNAME_INVALID/, /Something else answers/],
    ['that has expired', expired, /CERT_HAS_EXPIRED/, /Renew it/],
  ])('a certificate %s', async (_, tls, says, cure) => {
    const at = await ready();
    const other = await (await import('../fake-cloud.ts')).fakeCloud({ tls });
    closing.push(other.close);
    writeFileSync(at.file('ca.pem'), tls.cert);
    at.configure({ caFile: 'ca.pem' });
    at.identity(() => ({ socketUrl: other.socketUrl }));
    await namesOnly('tls', { at, says, cure });
  });

  test('a clock that is two minutes off', async () => {
    const at = await ready({ cloud: { clockAheadMs: 120_000 } });
    await namesOnly('clock', { at, says: /1(19|2\d) s behind the cloud/, cure: /timedatectl/ });
  });

  test('a clock that is off, detected although the rejection has no date', async () => {
    const at = await ready();
    const date = new Date(Date.now() - 300_000).toUTCString();
    const server = createServer((_, response) => response.writeHead(404, { date }).end());
    server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    at.identity(() => ({ socketUrl: `ws://127.0.0.1:${port}/live`, cloudUrl: `http://127.0.0.1:${port}` }));
    await namesOnly('clock', { at, says: /(29\d|30\d) s ahead of the cloud/, cure: /timedatectl/ });
  });

  test('a revoked relay', async () => {
    const at = await ready();
    at.cloud.relays.clear();
    await namesOnly('handshake', { at, says: /status 403.*revoked/, cure: /--again/ });
  });

  test('a server that opens no WebSocket', async () => {
    const at = await ready();
    at.cloud.refuse = 404;
    await namesOnly('handshake', { at, says: /does not open a WebSocket.*404/, cure: /cuts WebSockets/ });
  });

  test('another cloud', async () => {
    const at = await ready();
    at.identity(() => ({ cloudKey: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) } }));
    await namesOnly('proof', { at, says: /cannot prove/, cure: /enrol again/ });
  });

  test('a cloud that does not respond', async () => {
    const at = await ready();
    at.cloud.silent = true;
    await namesOnly('seen', { at, says: /did not answer hello/, cure: /may cut WebSockets/ });
  });

  test('a cloud for which this relay is too old', async () => {
    const at = await ready();
    at.cloud.silent = true;
    const examined = at.examine();
    await until('hello', () => at.cloud.received.length > 0, { ms: 15_000 });
    at.cloud.send({ type: 'goodbye', code: closeCodes.tooOld, reason: 'This relay speaks too old a protocol.' });
    const { broken, checks } = await examined;
    expect(broken).toBe('seen');
    expect(checks.find(({ id }) => id === 'seen')).toMatchObject({
      cure: 'This relay is too old for its cloud: install the newer version.',
    });
  });
});

describe('Traveler', () => {
  test('a server that is down', async () => {
    const at = await ready();
    await at.traveler.stop();
    await namesOnly('traveler', { at, says: /refuses connections/, cure: /traveler\.url/ });
  });

  test('a server that accepts the request and stays silent', async () => {
    const at = await ready({ traveler: { faults: [{ kind: 'hang' }] } });
    await namesOnly('traveler', { at, says: /does not answer/, cure: /HTTP task/ });
  });

  test('a wrong password, tried once', async () => {
    const at = await ready();
    at.traveler.setPassword('another');
    await namesOnly('credentials', { at, says: /401/, cure: /traveler\.credentials in relay\.json/ });
    expect(at.traveler.counts.requests.list).toBe(1);
  });

  test('a user without rights', async () => {
    const at = await ready({ traveler: { faults: [{ kind: 'status', code: 403 }] } });
    await namesOnly('credentials', { at, says: /403/, cure: /right to administer/ });
  });

  test('a login page instead of data', async () => {
    const at = await ready({ traveler: { faults: [{ kind: 'login-page' }] } });
    await namesOnly('answer', { at, says: /login form/, cure: /web rule that overrides session authentication for \/api\*/ });
  });

  test('an address without Traveler', async () => {
    const server = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    closing.push(async () => server.close());
    const at = await ready();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    at.configure({ traveler: { ...at.usual.traveler, url } });
    await namesOnly('answer', { at, says: /no device list at this address/, cure: /Traveler 9\.0 or later/ });
  });

  test('a certificate of a private authority is trusted only with caFile', async () => {
    const at = await ready();
    const front = createTlsServer(ofThisMachine, (request, response) => {
      const onward = ask(new URL(request.url ?? '/', at.traveler.url), { headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(onward);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => front.once('listening', resolve));
    closing.push(async () => front.close());
    const url = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
    at.configure({ traveler: { ...at.usual.traveler, url } });
    await namesOnly('answer', { at, says: /certificate is not trusted/, cure: /caFile/ });
    writeFileSync(at.file('ca.pem'), ofThisMachine.cert);
    at.configure({ caFile: 'ca.pem', traveler: { ...at.usual.traveler, url } });
    expect(await at.examine()).toMatchObject({ well: true });
  });

  test('rows without a device', async () => {
    const at = await ready({ traveler: { faults: [{ kind: 'malformed-rows', every: 1 }] } });
    await namesOnly('list', { at, says: /none of its rows/, cure: /traveler\.url/ });
  });

  test.each([
    ['below 9.0', { build: '8.5.3.300 Build 201501' }, {}, /8\.5\.3.*needs 9\.0/],
    ['that is not given', { build: 'who knows' }, {}, /does not tell its version.*needs 9\.0/],
    ['8.5 without REST', { release: '8.5' as const }, { read: 'http' }, /needs 9\.0.*Unknown here.*compliance/],
  ])('a version %s is reported with its consequences, and breaks nothing', async (_, traveler, reading, says) => {
    const at = await ready({ traveler });
    at.configure({ console: byCommand(at), traveler: { ...at.usual.traveler, ...reading } });
    const found = await at.examine();
    expect(found).toMatchObject({ well: true });
    expect(found.checks.find(({ id }) => id === 'version')).toMatchObject({
      verdict: 'noted',
      says: expect.stringMatching(says),
    });
  });
});

describe('the Domino console', () => {
  test('a program that does not exist', async () => {
    const at = await ready({
      configuration: { console: { by: 'command', command: ['/opt/hcl/domino/bin/serverr', '-c', '{line}'] } },
    });
    await namesOnly('program', { at, says: /there is no \/opt\/hcl\/domino\/bin\/serverr/, cure: /console\.command/ });
  });

  test('a program that this account may not run', async () => {
    const at = await ready();
    const program = join(at.dataDir, 'server');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o600 });
    at.configure({ console: { by: 'command', command: [program, '-c', '{line}'] } });
    await namesOnly('program', { at, says: /may not be run by this account/, cure: /let the relay’s account run it/ });
  });

  test('a shell instead of the program', async () => {
    const at = await ready({ configuration: { console: { by: 'command', command: ['/bin/sh', '-c', '{line}'] } } });
    await namesOnly('configuration', { at, says: /console\.command: .*a shell/, cure: /Correct it/ });
  });

  test('a working folder that does not exist', async () => {
    const at = await ready();
    at.configure({ console: { ...byCommand(at), directory: 'notesdata' } });
    await namesOnly('program', { at, says: /console\.directory is no folder/, cure: /console\.directory/ });
  });

  test('a console without rights', async () => {
    const at = await ready();
    at.configure({ console: byCommand(at) });
    at.traveler.setConsoleFaults([{ kind: 'not-authorized' }]);
    await namesOnly('rights', { at, says: /not authorized/, cure: /full remote console administrators/ });
  });

  test('a Traveler task that is not running', async () => {
    const at = await ready();
    at.configure({ console: byCommand(at) });
    at.traveler.setConsoleFaults([{ kind: 'not-running' }]);
    await namesOnly('console', { at, says: /not running/, cure: /load traveler/ });
  });

  test('a program that does not end', async () => {
    const at = await ready();
    at.configure({ console: { ...byCommand(at), timeoutSeconds: 1 } });
    at.traveler.setConsoleFaults([{ kind: 'hang' }]);
    await namesOnly('console', { at, says: /did not end within 1 s/, cure: /by hand/ });
  });

  test('the Notes client on a system other than Windows', async () => {
    const at = await ready({ configuration: { console: { by: 'notes', server: 'Mail01/Acme' } } });
    await namesOnly('program', { at, says: /on Windows only/, cure: /"command" or "rest"/ });
    at.configure({ traveler: { read: 'notes' }, console: { by: 'notes', server: 'Mail01/Acme' } });
    const found = await namesOnly('program', { at, says: /on Windows only/, cure: /"command" or "rest"/ });
    expect(verdicts(found)).toMatchObject({ traveler: 'not-tried', list: 'not-tried' });
  });
});
