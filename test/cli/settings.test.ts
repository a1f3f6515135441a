/** `plan`, `settings` and `guards` as a separate program, against the API over a socket. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putAll } from '#adapters/dynamodb/batch-requests';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { unknownServer } from '#domain/devices/source';
import { defaultSettings, type Settings } from '#domain/quarantine/settings';
import { type Gateway, startGateway } from '#test/functions/api/gateway';
import { connected, enrolledAs, source } from '#test/use-cases/guard/fleet-side';
import { aDirectory } from '../emulator/lambda/functions.ts';

const run = promisify(execFile);
const byHand = 51;
const nobodyNew: Settings = { ...defaultSettings, requireApproval: 'on' };
const byPolicy: Settings = { ...nobodyNew, autoApproveByPolicy: true };

let gateway: Gateway;
let folder: Awaited<ReturnType<typeof aDirectory>>;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const { url = '', method = 'GET' } = request;
    const answer = await gateway.ask(url, { method, ...(body === '' ? {} : { body }) });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(answer.text);
  });
});

beforeAll(async () => {
  [gateway, folder] = await Promise.all([startGateway(), aDirectory()]);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { client, tables } = gateway.database;
  await sourceStore(client, tables.control).update(source, {
    server: { ...unknownServer, requiresApproval: true, settingsAccess: 'writable', aqSupport: 'supported' },
    baselineRuns: ['run-0'],
    aqInForce: true,
  });
  await putAll(
    client,
    tables.devices,
    Array.from({ length: 100 }, (_, index) => deviceItem(connected(index))),
  );
  const publication = { settings: nobodyNew, scope: '*', replaces: 1, publishedBy: 'ann', at: gateway.clock.now };
  await gateway.requests.stores.settings.publish(publication);
  await gateway.requests.importEnrolments(
    Array.from({ length: byHand }, (_, index) => enrolledAs(index, 'manual')),
    'test',
  );
});
afterAll(async () => {
  server.close();
  await Promise.all([gateway.stop(), folder.remove()]);
});

async function extender(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { port } = server.address() as AddressInfo;
  const env = { ...process.env, EXTENDER_API: `http://127.0.0.1:${port}/api`, EXTENDER_TOKEN: 'token', NO_COLOR: '1' };
  return run(process.execPath, ['infra/cli/main.ts', ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ code, out: stdout, err: stderr }),
  );
}
async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder.dir, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const current = async () => (await gateway.requests.stores.settings.own('*'))?.settings;

test('a plan prints tables, exits with 2 if guarded, and publishes nothing', async () => {
  const path = await file('policy.json', byPolicy);
  const { code, out } = await extender('plan', path);
  expect(code).toBe(2);
  expect(out).toMatch(/mail-pushed-by-policy +51 +0 +51/);
  expect(out).toMatch(/mail-pushed-by-policy +cloud +User 0\/Acme +DEV00000 +not decided +block +block/);
  expect(out).toContain('51 devices (51 %) would lose access');
  const { code: asJson, out: text } = await extender('plan', path, '--json');
  expect([asJson, JSON.parse(text).guard]).toMatchObject([2, { trips: true, affected: 51 }]);
  expect((await extender('plan', await file('same.json', nobodyNew))).code).toBe(0);
  expect(await current()).toEqual(nobodyNew);
}, 120_000);

test('a guarded publication waits; rejected, confirmed and restored versions take effect', async () => {
  const path = await file('policy.json', { settings: byPolicy });
  const stopped = await extender('settings', 'publish', path, '--json');
  expect(stopped.code).toBe(2);
  const { id } = JSON.parse(stopped.out).guard as { id: string };
  expect((await extender('guards')).out).toMatch(new RegExp(`waiting .* 51 .*${id}`));
  expect((await extender('guards', 'reject', id)).out).toContain('rejected');
  expect(await current()).toEqual(nobodyNew);

  const again = JSON.parse((await extender('settings', 'publish', path, '--json')).out).guard.id as string;
  expect(again).not.toBe(id);
  expect((await extender('guards', 'confirm', again)).out).toContain('confirmed');
  expect(await current()).toEqual(byPolicy);

  expect((await extender('settings', 'rollback', '2')).out).toContain('Published as version 4.');
  expect(await current()).toEqual(nobodyNew);
  expect((await extender('settings', 'history')).out.match(/^\d+ /gm)).toEqual(['4 ', '3 ', '2 ', '1 ']);
  const shown = (await extender('settings')).out;
  expect(shown).toMatch(/version 4, published by ann@acme.com/);
  expect(shown).toMatch(/requireApproval +on +server/);
}, 240_000);

test('a bad file, version or guard is named, and nothing is done', async () => {
  const refused = async (...args: string[]) => {
    const { code, err } = await extender(...args);
    expect(code).toBe(1);
    return err;
  };
  expect(await refused('plan', await file('broken.json', '{ "requireApproval": '))).toMatch(/broken\.json is no JSON/);
  expect(await refused('plan', await file('list.json', []))).toMatch(/list\.json: .*object/);
  expect(await refused('plan', await file('wrong.json', { ...byPolicy, devicesPerUser: -1 }))).toMatch(
    /wrong\.json: devicesPerUser: /,
  );
  expect(await refused('settings', 'publish', join(folder.dir, 'none.json'))).toMatch(/none\.json cannot be read/);
  expect(await refused('settings', 'rollback', '99')).toContain('There is no version 99');
  expect(await refused('guards', 'confirm', 'none')).toMatch(/guard/i);
  expect(await current()).toEqual(nobodyNew);
}, 240_000);
