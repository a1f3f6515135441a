/** Reads of the ledger: by id, by device, by what is due, and page by page. */
import { GetCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type LedgerAction, openKey, storedAction } from '#adapters/dynamodb/actions/ledger-item';
import { getAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import type { Page, PageRequest } from '#adapters/dynamodb/cursor';
import { deviceText, indexes } from '#adapters/dynamodb/keys';
import { allItems, queryPage, scanPage } from '#adapters/dynamodb/query-pages';
import type { RetryTiming } from '#adapters/retry-timing';
import type { Action, ActionState } from '#domain/actions/action';
import { isFinal } from '#domain/actions/transitions';
import type { DeviceKey } from '#domain/devices/device';

/** What every function of the ledger needs. */
export type LedgerState = {
  client: DocumentClient;
  tables: { actions: string; devices: string; journal: string };
  timing: RetryTiming;
};
/** The part of it that reads need. */
export type LedgerReads = { client: DocumentClient; tables: { actions: string }; timing: RetryTiming };
export type ListOptions = PageRequest & { state?: ActionState | undefined; device?: DeviceKey | undefined };

const pageSize = 100;
/** A device seldom has more actions than this: one request finds them. */
const actionsOfDevice = 50;

/** Strongly consistent; null for an id that is not in the ledger. */
export async function readAction({ client, tables }: LedgerReads, actionId: string): Promise<LedgerAction | null> {
  const { Item } = await client.send(new GetCommand({ TableName: tables.actions, Key: { actionId }, ConsistentRead: true }));
  return Item ? storedAction.parse(Item) : null;
}

/** Strongly consistent, in any order; ids that are not in the ledger are left out. Throws when DynamoDB leaves some unread. */
export async function readActions(
  { client, tables, timing }: LedgerReads,
  actionIds: readonly string[],
): Promise<LedgerAction[]> {
  const keys = [...new Set(actionIds)].map((actionId) => ({ actionId }));
  const items = await getAll(client, tables.actions, keys, { timing });
  return items.map((item) => storedAction.parse(item));
}

/** Every open action of a device, oldest first, however many newer ones have ended. */
export async function openActionsOf(state: LedgerReads, key: DeviceKey, except?: string): Promise<LedgerAction[]> {
  const query = { ...deviceQuery(state.tables.actions, key), Limit: actionsOfDevice };
  const ids = (await allItems(state.client, query)).map(idOf).filter((actionId) => actionId !== except);
  return (await readActions(state, ids)).filter(({ state }) => !isFinal(state)).sort(byAge);
}

/** A page of a source's open actions that became due at or before `before` (epoch ms), the longest due first. */
export async function dueActions(
  state: LedgerReads,
  { sourceId, before, cursor, limit = pageSize }: PageRequest & { sourceId: string; before: number },
): Promise<Page<LedgerAction>> {
  const query = {
    TableName: state.tables.actions,
    IndexName: indexes.open,
    KeyConditionExpression: 'openKey = :open AND dueAt <= :before',
    ExpressionAttributeValues: { ':open': openKey(sourceId), ':before': before },
  };
  const page = await queryPage(state.client, query, { cursor, limit });
  const open = (await readActions(state, page.items.map(idOf))).filter(({ state }) => !isFinal(state));
  return { items: open.sort(byAge), cursor: page.cursor };
}

/** A page of actions: of one device newest first, otherwise in no order. `state` filters, so a page may hold fewer. */
export async function listActions(
  ledger: LedgerReads,
  { state, device, cursor, limit = pageSize }: ListOptions,
): Promise<Page<LedgerAction>> {
  const page = device
    ? await queryPage(ledger.client, deviceQuery(ledger.tables.actions, device), { cursor, limit })
    : await scanPage(ledger.client, scanOf(ledger), { cursor, limit, key: ledgerKey });
  const found = await readActions(ledger, page.items.map(idOf));
  const wanted = found.filter((one) => state === undefined || one.state === state);
  return { items: wanted.sort(byAge).reverse(), cursor: page.cursor };
}

const scanOf = ({ tables }: LedgerReads) => ({ TableName: tables.actions, ProjectionExpression: 'actionId' });
const ledgerKey = z.strictObject({ actionId: z.string() });

const idOf = (item: Record<string, unknown>): string => String(item.actionId);

const byAge = (one: Action, other: Action) => one.requestedAt - other.requestedAt || one.actionId.localeCompare(other.actionId);

/** Newest first. */
const deviceQuery = (table: string, key: DeviceKey): QueryCommandInput => ({
  TableName: table,
  IndexName: indexes.byDevice,
  KeyConditionExpression: 'deviceKey = :device',
  ExpressionAttributeValues: { ':device': deviceText(key) },
  ScanIndexForward: false,
});
