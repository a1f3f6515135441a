/** The Lambda Runtime API, against a misbehaving process. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RuntimeApi, startRuntimeApi } from '#infra/emulator/lambda/runtime-api';

let api: RuntimeApi;
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(async () => {
  api = await startRuntimeApi('f');
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  api.close();
});

const path = (kind: string) => `/2018-06-01/runtime/invocation/1/${kind}`;
const anInvocation = { requestId: '1', event: '{}', deadline: 0, functionArn: 'arn' };

test('a process that is killed while it posts its answer leaves no rejection unhandled', async () => {
  const socket = connect(Number(api.address.split(':')[1]), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`POST ${path('response')} HTTP/1.1\r\nhost: f\r\ncontent-length: 100\r\n\r\nhalf`);
  await pause(50);
  socket.destroy();
  await pause(50);
  expect(unhandled).toEqual([]);
});

test('an error that is not JSON ends the invocation too', async () => {
  const answer = api.hand(anInvocation);
  const failed = expect(answer).rejects.toThrow('f: <html>');
  expect((await fetch(`http://${api.address}${path('error')}`, { method: 'POST', body: '<html>' })).status).toBe(202);
  await failed;
  expect(unhandled).toEqual([]);
});
