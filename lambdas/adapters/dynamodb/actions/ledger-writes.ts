/** Writes of the ledger: a request, once per id, and each next state of an action with its effects on the timeline and device. */
import { PutCommand, TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Advance, advanced, type LedgerAction, ledgerItem, ledgerPut } from '#adapters/dynamodb/actions/ledger-item';
import { type LedgerState, readAction } from '#adapters/dynamodb/actions/ledger-reads';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { readDevice } from '#adapters/dynamodb/devices/action-devices';
import { type DeviceOutcome, deviceAfterAction, deviceOutcomeUpdate } from '#adapters/dynamodb/devices/device-after-action';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import { deviceSk, userPk } from '#adapters/dynamodb/keys';
import { doneOnce, refusedBy, untilWritten } from '#adapters/dynamodb/transactions';
import type { Action } from '#domain/actions/action';
import { endingLines } from '#domain/actions/action-sentences';
import { requestLines, timelineOfSteps } from '#domain/actions/action-timeline';
import { isFinal } from '#domain/actions/transitions';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import { contentOf } from '#domain/messages/action-identity';

/** `different`: the id belongs to an action with other content; nothing was written. */
export type Requested = { outcome: 'stored' | 'same' | 'different'; action: LedgerAction };
/** What an action changes on its device; `device`: as it was read. */
export type DeviceChange = { device: Device; outcome: DeviceOutcome };
/** What is written together with an action, all or nothing. */
type Beside = { more?: (next: LedgerAction) => readonly TimelineEntry[]; on?: DeviceChange | undefined };
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** Stores an action once per id and shows it on its device while it is open. Repeated after a crash, it completes both. */
export async function storeRequest(state: LedgerState, wanted: Action): Promise<Requested> {
  const stored = await putNew(state, wanted);
  const action = stored
    ? { ...wanted, revision: 1, told: wanted.history.length, untold: [] }
    : await readAction(state, wanted.actionId);
  if (!action) throw new Error(`Action ${wanted.actionId} was in the ledger and is gone. Send the request again.`);
  if (!stored && contentOf(action) !== contentOf(wanted)) return { outcome: 'different', action };
  await showOnDevice(state, action);
  return { outcome: stored ? 'stored' : 'same', action };
}

/** Writes the lines of its request too and, for an action that is stored as ended, of its end. False when the id is taken. */
function putNew({ client, tables, timing }: LedgerState, wanted: Action): Promise<boolean> {
  const { history } = wanted;
  const last = history.at(-1);
  const ending = last && isFinal(last.state) ? endingLines(wanted, last) : [];
  const put = {
    TableName: tables.actions,
    Item: ledgerItem({ ...wanted, told: history.length }, 1),
    ConditionExpression: 'attribute_not_exists(actionId)',
  };
  const TransactItems = [{ Put: put }, ...linePuts(tables.journal, wanted, [...requestLines(wanted), ...ending])];
  return doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), `Action ${wanted.actionId}`, timing);
}

/**
 * Shows the action on its device only while the ledger still has the revision that was read: an action that ends meanwhile is
 * not shown again. A device that is not stored, or removed, shows nothing.
 */
async function showOnDevice(state: LedgerState, action: LedgerAction): Promise<void> {
  let current: LedgerAction | null = action;
  await untilWritten(
    async () => {
      current ??= await readAction(state, action.actionId);
      if (current === null || isFinal(current.state)) return true;
      const refused = await refusedBy(
        state.client.send(new TransactWriteCommand({ TransactItems: shownWrites(state, current) })),
      );
      if (refused === null || refused[0] === 'ConditionalCheckFailed') return true;
      current = null;
      return null;
    },
    'A device and its open action',
    state.timing,
  );
}

function shownWrites({ tables }: LedgerState, { actionId, type, state, revision, ...key }: LedgerAction): Writes {
  const shown = {
    TableName: tables.devices,
    Key: { pk: userPk(key), sk: deviceSk(key.deviceId) },
    UpdateExpression: 'SET openAction = :open, moving = :source',
    ConditionExpression: 'attribute_exists(pk) AND presence <> :removed',
    ExpressionAttributeValues: { ':open': { actionId, type, state }, ':source': key.sourceId, ':removed': 'removed' },
  };
  const unchanged = {
    TableName: tables.actions,
    Key: { actionId },
    ConditionExpression: 'revision = :read',
    ExpressionAttributeValues: { ':read': revision },
  };
  return [{ Update: shown }, { ConditionCheck: unchanged }];
}

/** The next state of an action with its timeline lines, all or nothing; null when another writer changed it in between. */
export async function writeNext(
  state: LedgerState,
  from: LedgerAction,
  { change, more, on }: Beside & { change: Advance },
): Promise<LedgerAction | null> {
  const { client, tables } = state;
  const moved = advanced(from, change);
  const { lines, ...timeline } = timelineOfSteps(from, { next: moved, steps: change.steps });
  const next = { ...moved, ...timeline };
  const put = ledgerPut(tables.actions, next);
  const puts = linePuts(tables.journal, next, [...lines, ...(more?.(next) ?? [])]);
  if (puts.length === 0 && !on) return (await nullIfRefused(client.send(new PutCommand(put)))) && next;
  return (await writeWithDevice(state, [{ Put: put }, ...puts], on)) ? next : null;
}

/**
 * False when the first item, the action, changed since it was read. A device that changed is read again, and the write retried.
 */
function writeWithDevice(state: LedgerState, items: Writes, on: DeviceChange | undefined): Promise<boolean> {
  const { client, tables, timing } = state;
  let current = on?.device ?? null;
  return untilWritten(
    async () => {
      if (on && current === null) current = await readDevice(client, tables.devices, on.device);
      const update = on && deviceUpdate(tables.devices, current, on);
      const TransactItems = update ? [...items, { Update: update }] : items;
      const refused = await refusedBy(client.send(new TransactWriteCommand({ TransactItems })));
      if (refused === null || refused[0] === 'ConditionalCheckFailed') return refused === null;
      current = null;
      return null;
    },
    'An action and its device',
    timing,
  );
}

/** Null when the action changes nothing on the device, or the device was registered again since. */
function deviceUpdate(table: string, current: Device | null, { device, outcome }: DeviceChange) {
  if (current === null || current.registeredAt !== device.registeredAt) return null;
  const next = deviceAfterAction(current, outcome);
  return next === current ? null : deviceOutcomeUpdate(table, current, next);
}

const linePuts = (table: string, key: DeviceKey, lines: readonly TimelineEntry[]): Writes =>
  lines.map((line) => ({ Put: { TableName: table, Item: timelineItem(key, line) } }));
