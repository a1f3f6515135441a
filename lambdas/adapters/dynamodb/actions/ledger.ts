/**
 * The ledger of actions. Invariants: one entry per action id, ever; each write is conditional on the revision that was read,
 * so of two workers one wins and the other is told; an action that has ended never moves again (transitions.ts decides that,
 * this store only keeps two writers apart).
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  type Advance,
  advanced,
  type LedgerAction,
  ledgerItem,
  ledgerPut,
  openKey,
  storedAction,
} from '#adapters/dynamodb/actions/ledger-item';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { type DeviceOutcome, deviceAfterAction, deviceOutcomeUpdate } from '#adapters/dynamodb/devices/action-outcome';
import { readDevice } from '#adapters/dynamodb/devices/device-for-action';
import { timelineItem } from '#adapters/dynamodb/journal/timeline';
import { deviceSk, deviceText, indexes, userPk } from '#adapters/dynamodb/keys';
import { doneOnce, refusedBy, untilSettled } from '#adapters/dynamodb/transactions';
import type { Action, ActionState } from '#domain/actions/action';
import { endingLines } from '#domain/actions/action-sentences';
import { requestLines, timelineOfSteps } from '#domain/actions/action-timeline';
import { isFinal } from '#domain/actions/transitions';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';
import { contentOf } from '#domain/messages/action-identity';

export type { Advance, LedgerAction } from '#adapters/dynamodb/actions/ledger-item';

/** `different`: the id is taken by an action with another content; nothing was written. */
export type Requested = { outcome: 'stored' | 'same' | 'different'; action: LedgerAction };
export type Page<T> = { items: T[]; cursor: string | null };

export type LedgerTables = { actions: string; devices: string; journal: string };
export type Ledger = ReturnType<typeof ledger>;

export function ledger(client: DocumentClient, tables: LedgerTables) {
  const read = async (actionId: string): Promise<LedgerAction | null> => {
    const { Item } = await client.send(new GetCommand({ TableName: tables.actions, Key: { actionId }, ConsistentRead: true }));
    return Item ? storedAction.parse(Item) : null;
  };

  async function readMany(actionIds: readonly string[]): Promise<LedgerAction[]> {
    const found: LedgerAction[] = [];
    let keys: Record<string, unknown>[] = [...new Set(actionIds)].map((actionId) => ({ actionId }));
    while (keys.length > 0) {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({ RequestItems: { [tables.actions]: { Keys: keys.slice(0, 100), ConsistentRead: true } } }),
      );
      found.push(...(Responses?.[tables.actions] ?? []).map((item) => storedAction.parse(item)));
      keys = [...(UnprocessedKeys?.[tables.actions]?.Keys ?? []), ...keys.slice(100)];
    }
    return found;
  }

  /** Shows the action on its device while it is open. A device that is not stored, or removed, shows nothing. */
  async function showOnDevice({ actionId, type, state, ...key }: Action): Promise<void> {
    try {
      await client.send(
        new UpdateCommand({
          TableName: tables.devices,
          Key: { pk: userPk(key), sk: deviceSk(key.deviceId) },
          UpdateExpression: 'SET openAction = :open, moving = :source',
          ConditionExpression: 'attribute_exists(pk) AND presence <> :removed',
          ExpressionAttributeValues: { ':open': { actionId, type, state }, ':source': key.sourceId, ':removed': 'removed' },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  return {
    read,
    /** In any order; ids that are not in the ledger are left out. */
    readMany,

    /**
     * Takes an action in, once per id. The same request again answers `same` with the entry as it is by now; another content
     * under a known id answers `different`. The device shows the action as its open one, also after a crash in between.
     */
    async request(wanted: Action): Promise<Requested> {
      const stored = await putNew(wanted);
      const action = stored ? { ...wanted, revision: 1, told: wanted.history.length, untold: [] } : await read(wanted.actionId);
      if (!action) throw new Error(`Action ${wanted.actionId} was in the ledger and is gone. Send the request again.`);
      if (!stored && contentOf(action) !== contentOf(wanted)) return { outcome: 'different', action };
      if (!isFinal(action.state)) await showOnDevice(action);
      return { outcome: stored ? 'stored' : 'same', action };
    },

    /**
     * Writes the next state of an action as it was read, with the lines of its steps in the device's timeline where they are to be
     * told (action-telling.ts), all or nothing; `null` when someone else wrote it in between.
     */
    advance: (from: LedgerAction, change: Advance): Promise<LedgerAction | null> => write(from, change),

    /**
     * As `advance`, with lines of the caller's, of its end, and with what it leaves on its device: all or nothing. A device that
     * changed since it was read is read again; one registered anew is left alone.
     */
    conclude: (
      from: LedgerAction,
      change: Advance,
      line: (ended: LedgerAction) => TimelineEntry | readonly TimelineEntry[],
      { on }: { on?: Left } = {},
    ): Promise<LedgerAction | null> => write(from, change, { more: (next) => [line(next)].flat(), on }),

    /**
     * Actions of one device that have not ended, oldest first, but for `except`; of its newest fifty. Eventually consistent as to
     * which there are, not as to their state.
     */
    async openOf(key: DeviceKey, { except }: { except?: string } = {}): Promise<LedgerAction[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({ ...deviceQuery(tables.actions, key), ScanIndexForward: false, Limit: 50 }),
      );
      const ids = Items.map((item) => String(item.actionId)).filter((actionId) => actionId !== except);
      return (await readMany(ids)).filter(({ state }) => !isFinal(state)).sort(byAge);
    },

    /** Open actions of a source that something was due on before `before` (epoch ms), the longest due first, page by page. */
    async due(sourceId: string, before: number, { cursor, limit = 100 }: { cursor?: string; limit?: number } = {}) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: tables.actions,
          IndexName: indexes.open,
          KeyConditionExpression: 'openKey = :open AND dueAt <= :before',
          ExpressionAttributeValues: { ':open': openKey(sourceId), ':before': before },
          Limit: limit,
          ...(cursor === undefined ? {} : { ExclusiveStartKey: decodeCursor(cursor) }),
        }),
      );
      const items = (await readMany(Items.map((item) => String(item.actionId)))).filter(({ state }) => !isFinal(state));
      return {
        items: items.sort(byAge),
        cursor: LastEvaluatedKey ? encodeCursor(LastEvaluatedKey) : null,
      } satisfies Page<LedgerAction>;
    },

    /** A page of actions: of one device newest first, else in no order. `state` leaves others out, so a page may hold fewer. */
    async list({ state, device, cursor, limit = 100 }: ListOptions = {}): Promise<Page<LedgerAction>> {
      const from = cursor === undefined ? {} : { ExclusiveStartKey: decodeCursor(cursor) };
      const command = device
        ? new QueryCommand({ ...deviceQuery(tables.actions, device), ScanIndexForward: false, Limit: limit, ...from })
        : new ScanCommand({ TableName: tables.actions, Limit: limit, ProjectionExpression: 'actionId', ...from });
      const { Items = [], LastEvaluatedKey } = await client.send(command as QueryCommand);
      const found = await readMany(Items.map((item) => String(item.actionId)));
      const wanted = found.filter((one) => state === undefined || one.state === state);
      return {
        items: wanted.sort(byAge).reverse(),
        cursor: LastEvaluatedKey ? encodeCursor(LastEvaluatedKey) : null,
      };
    },
  };

  async function write(from: LedgerAction, change: Advance, { more, on }: Beside = {}): Promise<LedgerAction | null> {
    const moved = advanced(from, change);
    const { lines, ...telling } = timelineOfSteps(from, { next: moved, steps: change.steps });
    const next = { ...moved, ...telling };
    const put = ledgerPut(tables.actions, next);
    const told = [...lines, ...(more?.(next) ?? [])].map(putLine(next));
    if (told.length === 0 && !on) return (await unlessOvertaken(client.send(new PutCommand(put)))) ? next : null;
    return (await together([{ Put: put }, ...told], on)) ? next : null;
  }

  /** False when the first item, the action, is not as it was read. A device that is not is read again, and tried again. */
  function together(items: TransactItems, on: Left | undefined): Promise<boolean> {
    let current = on?.device ?? null;
    return untilSettled(async () => {
      if (on && current === null) current = await readDevice(client, tables.devices, on.device);
      const left = on && leftOn(current, on);
      const transaction = new TransactWriteCommand({ TransactItems: left ? [...items, { Update: left }] : items });
      const refused = await refusedBy(client.send(transaction));
      if (refused === null || refused[0] === 'ConditionalCheckFailed') return refused === null;
      current = null;
      return null;
    }, 'An action and its device');
  }

  /** Null when that is nothing, or when it is not the device that was acted on any more. */
  function leftOn(current: Device | null, { device, aftermath }: Left) {
    if (current === null || current.registeredAt !== device.registeredAt) return null;
    const next = deviceAfterAction(current, aftermath);
    return next === current ? null : deviceOutcomeUpdate(tables.devices, current, next);
  }

  /** With the lines of its request, and where it is put on record as ended, of that. */
  function putNew(wanted: Action): Promise<boolean> {
    const { history } = wanted;
    const last = history.at(-1);
    const ending = last && isFinal(last.state) ? endingLines(wanted, last) : [];
    const put = {
      TableName: tables.actions,
      Item: ledgerItem({ ...wanted, told: history.length }, 1),
      ConditionExpression: 'attribute_not_exists(actionId)',
    };
    const items = [{ Put: put }, ...[...requestLines(wanted), ...ending].map(putLine(wanted))];
    return doneOnce(() => client.send(new TransactWriteCommand({ TransactItems: items })), `Action ${wanted.actionId}`);
  }

  function putLine(key: DeviceKey) {
    return (line: TimelineEntry) => ({ Put: { TableName: tables.journal, Item: timelineItem(key, line) } });
  }
}

async function unlessOvertaken(put: Promise<unknown>): Promise<boolean> {
  try {
    await put;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** What goes with a write of an action, all or nothing. */
type Beside = { more?: (next: LedgerAction) => readonly TimelineEntry[]; on?: Left | undefined };
type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>;
/** What an action leaves on its device; `device`: as it was read. */
type Left = { device: Device; aftermath: DeviceOutcome };
type ListOptions = { state?: ActionState; device?: DeviceKey; cursor?: string; limit?: number };

const byAge = (one: Action, other: Action) => one.requestedAt - other.requestedAt || one.actionId.localeCompare(other.actionId);

const deviceQuery = (table: string, key: DeviceKey) => ({
  TableName: table,
  IndexName: indexes.byDevice,
  KeyConditionExpression: 'deviceKey = :device',
  ExpressionAttributeValues: { ':device': deviceText(key) },
});

const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Throws a ZodError for a cursor that this store did not make. */
function decodeCursor(cursor: string): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
}
