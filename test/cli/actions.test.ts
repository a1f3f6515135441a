/** `actions` as a program, on the API over HTTP: listed, shown, cancelled, confirmed. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Gateway, startGateway } from '#test/functions/api/gateway';
import { aDevice, janes } from '#test/functions/portal-events/portal-side';

let gateway: Gateway;
let server: Server;
let api: string;
let count = 0;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
  server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    const asked = { method: request.method ?? 'GET', ...(body === '' ? {} : { body }) };
    const { status, text } = await gateway.ask(request.url ?? '/', asked);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  api = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}/api`;
});
afterAll(async () => {
  server.close();
  await gateway.stop();
});

async function ask(type: string, more: object = {}): Promise<string> {
  const actionId = `cli/${++count}`;
  const answer = await gateway.ask('/api/actions', { body: { actionId, type, target: janes, ...more } });
  expect(answer.status).toBe(202);
  return actionId;
}
const ledger = () => gateway.requests.stores.ledger;
async function heldBack(): Promise<string> {
  const id = await ask('wipe', { wipe: ['device'] });
  const action = await ledger().read(id);
  if (action)
    await ledger().advance(action, {
      steps: [{ state: 'waiting', at: 1, note: 'More than 10 wipes were asked for.' }],
      confirmation: { askedAt: 1, confirmedBy: null, confirmedAt: null },
    });
  return id;
}

function actions(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, EXTENDER_API: api, EXTENDER_TOKEN: 'token', NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/cli/main.ts', 'actions', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('actions are listed with device, state and id, or shown in steps', async () => {
  const id = await ask('block', { reason: 'lost' });
  const { code, stdout } = await actions('--device', `${janes.sourceId}/${janes.user}/${janes.deviceId}`);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`block +queued +cloud +${janes.user} +${janes.deviceId} +${id}`));
  expect((await actions('show', id)).stdout).toMatch(
    /block: cloud .*queued\nasked for by ann@acme.com: lost; ends at .*\n.*requested/,
  );
  expect(JSON.parse((await actions('show', id, '--json')).stdout)).toMatchObject({
    actionId: id,
    history: [{ state: 'requested' }, { state: 'queued' }],
  });
}, 60_000);

test('an unsent action is cancelled; an unknown one is named', async () => {
  const id = await ask('approve');
  const { code, stdout } = await actions('cancel', 'nobody', id);
  expect(code).toBe(1);
  expect(stdout).toBe(`nobody: No action of this id is in the ledger.\napprove ${id}: called off\n`);
  expect(await ledger().read(id)).toMatchObject({ state: 'cancelled' });
  expect((await actions('--state', 'cancelled')).stdout).toContain(id);
}, 60_000);

test('the list says what a waiting action waits for', async () => {
  const id = await ask('remove');
  const action = await ledger().read(id);
  if (!action) throw new Error('It was asked for just now');
  const note = 'The server refuses connections; its actions wait.';
  await ledger().advance(action, { steps: [{ state: 'waiting', at: 1, note }] });
  expect((await actions('--state', 'waiting')).stdout).toMatch(new RegExp(`${id} +${note}`));
}, 60_000);

test('a wipe held by the hourly guard says so, until confirmed', async () => {
  const id = await heldBack();
  expect((await actions('--state', 'waiting')).stdout).toMatch(new RegExp(`wipe +waiting for a confirmation .*${id}`));
  expect((await actions('show', id)).stdout).toContain(`actions confirm ${id}`);
  expect(await actions('confirm', id)).toMatchObject({ code: 0, stdout: `wipe ${id}: confirmed; it goes out\n` });
  expect(await ledger().read(id)).toMatchObject({ state: 'queued' });
}, 60_000);

test('nothing to confirm is an error; an unknown command lists the commands', async () => {
  const id = await ask('remove');
  expect(await actions('confirm', id)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/does not wait for a confirmation/),
  });
  expect(await actions('hasten', id)).toMatchObject({ code: 1, stderr: expect.stringMatching(/actions cancel <id>/) });
  expect(await actions('cancel')).toMatchObject({ code: 1, stderr: expect.stringMatching(/Name the actions to cancel/) });
}, 60_000);
