/** PutEvents accepts ten entries and may reject each: what is rejected is retried, and never after a later one of its device. */
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { type BusEvent, eventBus } from '#adapters/event-bus';

const client = new EventBridgeClient({ region: 'us-east-1' });
const bridge = mockClient(client);
const waits: number[] = [];
const bus = eventBus(client, 'traveler-extender', { timing: { random: () => 1, pause: async (ms) => waits.push(ms) } });
beforeEach(() => {
  bridge.reset();
  waits.length = 0;
});

const anEvent = (id: string, order = id, detail: Record<string, unknown> = {}): BusEvent => ({
  id,
  type: 'DeviceChanged',
  at: 1_700_000_000_000,
  detail: { eventId: id, ...detail },
  order,
});
const many = (count: number) => Array.from({ length: count }, (_, index) => anEvent(`e${index}`));
const idOf = ({ Detail = '{}' }: PutEventsRequestEntry): string => JSON.parse(Detail).eventId;

/** Answers each entry as `refuse` says, with the number of the try counted from 1. */
function mockAnswers(refuse: (id: string, tries: number) => boolean) {
  const tries = new Map<string, number>();
  bridge.on(PutEventsCommand).callsFake(({ Entries = [] }: { Entries?: PutEventsRequestEntry[] }) => {
    const results = Entries.map((entry) => {
      const id = idOf(entry);
      tries.set(id, (tries.get(id) ?? 0) + 1);
      return refuse(id, tries.get(id) ?? 0)
        ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }
        : { EventId: `bus-${id}` };
    });
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  });
}
const calls = () => bridge.commandCalls(PutEventsCommand).map(({ args }) => (args[0].input.Entries ?? []).map(idOf));
/** What was accepted, in order. */
function acceptedIds(refuse: (id: string, tries: number) => boolean): string[] {
  const tries = new Map<string, number>();
  return calls()
    .flat()
    .filter((id) => {
      tries.set(id, (tries.get(id) ?? 0) + 1);
      return !refuse(id, tries.get(id) ?? 0);
    });
}

test('events are sent ten per call, complete with source, type and time', async () => {
  mockAnswers(() => false);
  expect(await bus.put(many(23))).toEqual(new Map());
  expect(calls().map(({ length }) => length)).toEqual([10, 10, 3]);
  expect(bridge.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries?.[0]).toEqual({
    Source: 'extender',
    DetailType: 'DeviceChanged',
    Detail: '{"eventId":"e0"}',
    Time: new Date(1_700_000_000_000),
    EventBusName: 'traveler-extender',
  });
  expect(waits).toEqual([]);
});

test('a rejected entry is retried after a wait; accepted ones are not', async () => {
  mockAnswers((id, tries) => id === 'e3' && tries < 3);
  expect(await bus.put(many(10))).toEqual(new Map());
  expect(calls()).toEqual([many(10).map(({ id }) => id), ['e3'], ['e3']]);
  expect(waits).toEqual([100, 200]);
});

test('a later event of a device never overtakes an earlier one', async () => {
  const refuse = (id: string, tries: number) => id === 'a1' && tries < 4;
  mockAnswers(refuse);
  const given = [anEvent('a1', 'A'), anEvent('a2', 'A'), anEvent('b1', 'B'), anEvent('a3', 'A'), anEvent('b2', 'B')];
  expect(await bus.put(given)).toEqual(new Map());
  const order = acceptedIds(refuse);
  expect(order.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(order.filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2']);
  for (const call of calls()) expect(new Set(call.map((id) => id[0])).size).toBe(call.length);
});

test('a lasting rejection returns its reason, and blocks only its device', async () => {
  mockAnswers((id) => id === 'a1');
  const refused = await bus.put([anEvent('a1', 'A'), anEvent('b1', 'B'), anEvent('a2', 'A')]);
  expect([...refused.keys()]).toEqual(['a1', 'a2']);
  expect(refused.get('a1')).toBe('ThrottlingException: slow down');
  expect(calls().flat()).not.toContain('a2');
  expect(calls().flat()).toContain('b1');
});

test('a bus that cannot be reached rejects everything eventually, without throwing', async () => {
  bridge.on(PutEventsCommand).rejects(new Error('connect ECONNREFUSED'));
  const refused = await bus.put(many(2));
  expect([...refused.values()]).toEqual(Array(2).fill('Error: connect ECONNREFUSED'));
  expect(waits).toHaveLength(5);
});

test('an answer that does not mention an entry counts as rejection', async () => {
  bridge.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: [] });
  expect((await bus.put(many(1))).get('e0')).toContain('did not say what became of it');
});

test('a call holds at most 256 KB; a larger event is rejected', async () => {
  mockAnswers(() => false);
  const large = (id: string, kilobytes: number) => anEvent(id, id, { says: 'x'.repeat(kilobytes * 1024) });
  const refused = await bus.put([large('e0', 120), large('e1', 120), large('e2', 120), large('e3', 260)]);
  expect(calls()).toEqual([['e0', 'e1'], ['e2']]);
  expect([...refused.keys()]).toEqual(['e3']);
});
