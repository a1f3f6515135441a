/** Dead letters: listed, explained in words, redriven and dropped, as an operator does it. */
// Must be first: it gives schemas their `openapi`, but only those that are created after it was loaded.
import '@hono/zod-openapi';

import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { accountOf, readDeadLetter } from '#domain/messages/dead-letter';
import { aDevice, janes } from '#test/functions/portal-events/portal-side';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
  await gateway.store(aDevice());
});
afterAll(() => gateway.stop());
beforeEach(async () => {
  for (const queue of ['deadLetters', 'deadActions', 'portalEvents', 'actions'] as const) await gateway.queues.drain(queue);
});

async function deadLetter(queue: 'deadLetters' | 'deadActions', body: unknown, group?: string): Promise<string> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body);
  const fifo = group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `given up ${Math.random()}` };
  const command = new SendMessageCommand({ QueueUrl: gateway.queues.urls[queue], MessageBody, ...fifo });
  return (await gateway.queues.client.send(command)).MessageId ?? '';
}
const event = (kind: string, detail: unknown) => ({
  id: 'event-1',
  source: 'portal',
  'detail-type': kind,
  time: '2026-03-01T08:00:00Z',
  detail,
});
const letters = z.object({
  messages: z.array(z.object({ id: z.string(), about: z.string(), because: z.string(), remedy: z.string(), body: z.string() })),
});
async function lettersOf(queue: string) {
  const { status, json } = await gateway.ask(`/api/dlq/${queue}`);
  expect(status).toBe(200);
  return letters.parse(json).messages;
}

test('an event with a wrong field is explained by the field, without the value', async () => {
  const id = await deadLetter('deadLetters', event('ActionRequested', { actionId: 'a', type: 'explode', target: janes }));
  const [letter] = await lettersOf('portalEvents');
  expect(letter).toMatchObject({ id, about: 'The event ActionRequested' });
  expect(letter?.because).toMatch(/field detail\.requestedAt: .*field detail\.type: /);
  expect(letter?.because).not.toContain('explode');
  expect(letter?.remedy).toContain('drop');
  expect(await lettersOf('portalEvents')).toHaveLength(1);
});

test('a request for an unknown device says so; once known it says to redrive', async () => {
  const target = { ...janes, deviceId: 'ApplLATER' };
  const request = { actionId: 'later', requestedAt: 1, requestedBy: { kind: 'person', name: 'ann' }, type: 'approve', target };
  await deadLetter('deadLetters', event('ActionRequested', request));
  expect((await lettersOf('portalEvents'))[0]?.because).toMatch(/No device .* is known/);
  await gateway.store(aDevice(target));
  expect((await lettersOf('portalEvents'))[0]?.remedy).toMatch(/^Redrive/);
});

test('a request with a reused id says whether it was for the same', async () => {
  const target = { ...janes };
  const request = { actionId: 'twice', requestedAt: 1, requestedBy: { kind: 'person', name: 'ann' }, type: 'block', target };
  await gateway.ask('/api/actions', { body: request });
  await deadLetter('deadLetters', event('ActionRequested', { ...request, requestedAt: 2 }));
  await deadLetter('deadLetters', event('ActionRequested', { ...request, type: 'approve' }));
  const letters = await lettersOf('portalEvents');
  expect(letters.map(({ because }) => because).sort()).toEqual([
    'It was taken before: its action is queued.',
    expect.stringMatching(/used before for another content, and that action is queued/),
  ]);
});

test('an action shows its ledger state: one that has ended can be dropped', async () => {
  await gateway.ask('/api/actions', { body: { actionId: 'given-up', type: 'approve', target: janes } });
  await deadLetter('deadActions', { ...janes, actionId: 'given-up' }, 'jane');
  await deadLetter('deadActions', { ...janes, deviceId: 'Z', actionId: 'never-was' }, 'other');
  const [open, none] = await lettersOf('actions');
  expect(open).toMatchObject({ about: 'Action given-up', because: expect.stringMatching(/^It is queued, .* again\.$/) });
  expect(none).toMatchObject({ because: 'There is no such action in the ledger.', remedy: expect.stringMatching(/^Drop/) });
});

test("redriven messages are in their queue again, in their device's group", async () => {
  const ids = [await deadLetter('deadActions', { nth: 1 }, 'a'), await deadLetter('deadActions', { nth: 2 }, 'b')];
  await deadLetter('deadActions', { nth: 3 }, 'c');
  const one = await gateway.ask('/api/dlq/actions/redrive', { body: { ids } });
  expect(one.json).toEqual({ handled: ids, left: 1 });
  expect(await gateway.queues.drain('actions')).toEqual([{ nth: 1 }, { nth: 2 }]);
  const rest = await gateway.ask('/api/dlq/actions/redrive', { body: { all: true } });
  expect(rest.json).toMatchObject({ handled: [expect.any(String)], left: 0 });
  expect(await gateway.queues.drain('actions')).toEqual([{ nth: 3 }]);
});

test('dropped messages are gone, and no others', async () => {
  const gone = await deadLetter('deadLetters', 'no JSON');
  const kept = await deadLetter('deadLetters', event('Unheard', {}));
  expect((await lettersOf('portalEvents')).map(({ because }) => because).sort()).toEqual([
    expect.stringMatching(/field detail-type is none that we take; those are ActionRequested, .*GatherRequested\.$/),
    'It is not what this queue takes: its body is no JSON.',
  ]);
  const { json } = await gateway.ask('/api/dlq/portalEvents/drop', { body: { ids: [gone, 'nobody'] } });
  expect(json).toEqual({ handled: [gone], left: 1 });
  expect((await lettersOf('portalEvents')).map(({ id }) => id)).toEqual([kept]);
});

test('the list of queues counts the messages in each', async () => {
  await deadLetter('deadLetters', event('Unheard', {}));
  const { json } = await gateway.ask('/api/dlq');
  expect(json).toEqual({
    queues: [
      { queue: 'portalEvents', messages: 1, redrivable: true },
      { queue: 'actions', messages: 0, redrivable: true },
      { queue: 'gatherSchedule', messages: 0, redrivable: false },
    ],
  });
});

test('some queues cannot be redriven, unknown ones are not found, and choices are required', async () => {
  expect((await gateway.ask('/api/dlq/gatherSchedule/redrive', { body: { all: true } })).status).toBe(422);
  expect((await gateway.ask('/api/dlq/nothing')).status).toBe(404);
  expect((await gateway.ask('/api/dlq/toString')).status).toBe(404);
  for (const body of [{}, { all: false }, { ids: [] }])
    expect((await gateway.ask('/api/dlq/actions/drop', { body })).status).toBe(400);
});

test('a gather that cannot be retried names the problem of its source', () => {
  const body = JSON.stringify({ sourceId: 'cloud', runId: 'r', reason: 'schedule', requestedAt: 1 });
  const sourceProblem = { what: 'The server refused the credentials', remedy: 'Change them.' };
  const account = accountOf(readDeadLetter('gather', body), { action: null, deviceKnown: false, sourceProblem });
  expect(account).toMatchObject({ about: 'A gather of cloud', because: 'The server refused the credentials.' });
});

test.each(['gather', 'evaluations', 'actions', 'bulks', 'portalEvents', 'portalRule'])(
  'every letter in %s has an explanation in words',
  (queue) => {
    for (const body of ['', '{}', '[]', 'null', '"text"', '{"detail":{}}', '{"sourceId":5}']) {
      const reading = readDeadLetter(queue, body);
      expect(reading.readable).toBe(false);
      const { about, because, remedy } = accountOf(reading, { action: null, deviceKnown: false, sourceProblem: null });
      for (const sentence of [because, remedy]) expect(sentence).toMatch(/^[A-Z].*\.$/s);
      expect(about).not.toBe('');
    }
  },
);
