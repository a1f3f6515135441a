/** The ledger on a real DynamoDB server. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { advanced, type LedgerAction, ledgerItem } from '#adapters/dynamodb/actions/ledger-item';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { CursorError } from '#adapters/dynamodb/cursor';
import { devicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { deviceItem } from '#adapters/dynamodb/devices/device-items';
import type { Action } from '#domain/actions/action';
import { startDynamoDb, type TestDatabase } from '#test/fixtures/dynamodb';
import { newDevice } from '#test/fixtures/spine';

let database: TestDatabase;
let book: ReturnType<typeof ledger>;
let count = 0;

beforeAll(async () => {
  database = await startDynamoDb();
  book = ledger(database.client, database.tables);
});
afterAll(() => database.stop());

function anAction(deviation: Partial<Action> = {}): Action {
  const at = 1_700_000_000_000 + ++count;
  return {
    sourceId: 'cloud',
    user: 'Jane Doe/Acme',
    deviceId: `ApplLEDGER${count}`,
    actionId: `action ${count}`,
    type: 'approve',
    requestedAt: at,
    requestedBy: { kind: 'person', name: 'ann' },
    reason: 'because',
    purpose: 'decision',
    registeredAt: 1,
    expiresAt: at + 168 * 3_600_000,
    state: 'requested',
    attempts: 0,
    notBefore: null,
    claim: null,
    before: null,
    after: null,
    outcome: null,
    history: [{ state: 'requested', at, note: '' }],
    ...deviation,
  };
}
const shownDevice = {
  provider: '',
  type: 'Apple-x',
  level: '',
  notification: '',
  lastSync: null,
  href: '/d/1',
  detail: null,
  baselineRun: null,
};
/** A client with a concurrent writer: right after its first command of this kind, `other` happens. */
function overtakenAfter(kind: typeof GetCommand, other: () => Promise<void>): DocumentClient {
  let happened = false;
  const send: DocumentClient['send'] = async (command: unknown) => {
    const answer = await database.client.send(command as GetCommand);
    if (command instanceof kind && !happened) {
      happened = true;
      await other();
    }
    return answer;
  };
  return Object.assign(Object.create(database.client), { send });
}
const toQueued = { steps: [{ state: 'queued' as const, at: 2, note: '' }] };

test("a repeated request returns the action's state; other content is rejected", async () => {
  const wanted = anAction();
  const first = await book.request(wanted);
  expect(first.outcome).toBe('stored');
  await book.advance(first.action, toQueued);
  expect(await book.request({ ...wanted, registeredAt: 2 })).toMatchObject({ outcome: 'same', action: { state: 'queued' } });
  expect((await book.request({ ...wanted, type: 'block' })).outcome).toBe('different');
  expect((await book.request({ ...wanted, reason: 'another' })).outcome).toBe('different');
  expect(await book.read(wanted.actionId)).toMatchObject({ type: 'approve', state: 'queued', revision: 2 });
});

test('of two workers that read the same revision, only one advances the action', async () => {
  const { action } = await book.request(anAction());
  const outcomes = await Promise.all([
    book.advance(action, toQueued),
    book.advance(action, toQueued),
    book.advance(action, toQueued),
  ]);
  expect(outcomes.filter((one) => one !== null)).toHaveLength(1);
});

test("an action's end and its journal line are written in one transaction", async () => {
  const { action } = await book.request(anAction());
  const line = { at: 3, id: 'line', kind: 'action' as const, says: 'ended', data: {} };
  const end = { steps: [{ state: 'failed' as const, at: 3, note: 'no' }], outcome: 'no' };
  await book.advance(action, toQueued);
  expect(await book.end(action, end, () => line)).toBeNull();
  const current = await book.read(action.actionId);
  expect(current && (await book.end(current, end, () => line))).toMatchObject({ state: 'failed', outcome: 'no' });
});

test("a device's open actions are listed oldest first, without ended ones", async () => {
  const device = { sourceId: 'cloud', user: 'Open Olga/Acme', deviceId: 'ApplOPEN' };
  for (const actionId of ['one', 'two', 'three']) await book.request(anAction({ ...device, actionId }));
  const two = await book.read('two');
  if (two) await book.advance(two, { steps: [{ state: 'failed', at: 1, note: '' }] });
  expect((await book.openOf(device)).map(({ actionId }) => actionId)).toEqual(['one', 'three']);
  expect((await book.openOf(device, { except: 'one' })).map(({ actionId }) => actionId)).toEqual(['three']);
  expect((await book.list({ device })).items.map(({ actionId }) => actionId)).toEqual(['three', 'two', 'one']);
  expect((await book.list({ device, state: 'failed' })).items.map(({ actionId }) => actionId)).toEqual(['two']);
});

test('an open action is found however many newer ones have ended', async () => {
  const device = { sourceId: 'cloud', user: 'Busy Bob/Acme', deviceId: 'ApplBUSY' };
  await book.request(anAction({ ...device, actionId: 'long open' }));
  for (let nth = 0; nth < 60; nth++) {
    const ended = anAction({ ...device, actionId: `ended ${nth}` });
    await book.request({ ...ended, state: 'failed', history: [{ state: 'failed', at: ended.requestedAt, note: 'no' }] });
  }
  expect((await book.openOf(device)).map(({ actionId }) => actionId)).toEqual(['long open']);
});

test('an action that ends during a repeated request is not shown open', async () => {
  const device = newDevice({ ...shownDevice, user: 'Racing Rita/Acme', deviceId: 'ApplRACE', now: 1_000 });
  const { tables } = database;
  await database.client.send(new PutCommand({ TableName: tables.devices, Item: deviceItem(device) }));
  const { sourceId, user, deviceId } = device;
  const wanted = anAction({ sourceId, user, deviceId });
  const first = await book.request(wanted);
  const end = async () => {
    const outcome = { endedId: wanted.actionId, next: null, shown: null, denial: undefined };
    const acted = await devicesForActions(database.client, tables.devices).read(device);
    await book.end(first.action, toQueued, () => [], acted ? { on: { device: acted, outcome } } : {});
    const queued = await book.read(wanted.actionId);
    if (queued) await book.advance(queued, { steps: [{ state: 'failed', at: 3, note: 'no' }] });
  };
  const overtaken = ledger(overtakenAfter(GetCommand, end), tables);
  expect(await overtaken.request(wanted)).toMatchObject({ outcome: 'same', action: { state: 'requested' } });
  expect(await devicesForActions(database.client, tables.devices).read(device)).toMatchObject({ openAction: null });
});

test('a list continues at its cursor until everything was returned', async () => {
  const seen = new Set<string>();
  let cursor: string | null = null;
  do {
    const page = await book.list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
    for (const { actionId } of page.items) seen.add(actionId);
    cursor = page.cursor;
  } while (cursor !== null);
  expect(seen.size).toBeGreaterThanOrEqual(6);
});

test('an invalid cursor is a distinct error', async () => {
  await expect(book.list({ cursor: 'rubbish' })).rejects.toThrow(CursorError);
  await expect(book.due('cloud', 1, { cursor: 'rubbish' })).rejects.toThrow(CursorError);
});

test('due actions are found by source and time; ended ones never are', async () => {
  const dueOf = async (before: number) => (await book.due('due-here', before)).items.map(({ actionId }) => actionId);
  const here = { sourceId: 'due-here', requestedAt: 50, expiresAt: 2_000_000, history: [] };
  const forgotten = await book.request(anAction(here));
  const waiting = await book.request(anAction({ ...here, notBefore: 900, state: 'waiting' }));
  await book.request(anAction({ ...here, sourceId: 'elsewhere', notBefore: 900, state: 'waiting' }));
  expect(await dueOf(899)).toEqual([]);
  expect(await dueOf(1_000)).toEqual([waiting.action.actionId]);
  expect(await dueOf(700_000)).toHaveLength(2);
  await book.advance(waiting.action, { steps: [{ state: 'expired', at: 1, note: '' }] });
  expect(await dueOf(700_000)).toEqual([forgotten.action.actionId]);
  const [page] = [await book.due('due-here', 700_000, { limit: 1 })];
  expect(page.items).toHaveLength(1);
});

test('a redelivered action is not due soon, unless its worker postpones it', async () => {
  const source = { sourceId: 'pushed-here', requestedAt: 50, expiresAt: 2_000_000, history: [] };
  const { action } = await book.request(anAction({ ...source, notBefore: 900, state: 'waiting' }));
  const dueOf = async (before: number) => (await book.due('pushed-here', before)).items.map(({ actionId }) => actionId);
  const pushed = await book.advance(action, { steps: [], pushedAt: 1_000 });
  expect(await dueOf(100_000)).toEqual([]);
  if (pushed) await book.advance(pushed, { steps: [], notBefore: 1_200 });
  expect(await dueOf(1_200)).toEqual([action.actionId]);
});

test('a week of waiting fits one item: its history is shortened', () => {
  let action: LedgerAction = { ...anAction(), revision: 1, told: 1, untold: [] };
  for (let nth = 0; nth < 5_000; nth++)
    action = advanced(action, { steps: [{ state: 'waiting', at: nth, note: 'The server is busy' }] });
  expect(action.history.length).toBeLessThanOrEqual(200);
  expect(action.history[0]?.state).toBe('requested');
  expect(action.history.at(-1)?.at).toBe(4_999);
  expect(JSON.stringify(ledgerItem(action, action.revision)).length).toBeLessThan(40_000);
});
