/**
 * How many concurrent requests a source gets, over all workers and its gather: leased slots (domain/actions/concurrency-slots.ts),
 * one item of the Control table per source. An action worker leases some for a batch (two writes a batch), and makes no more
 * concurrent requests than it has slots; the gather keeps its share for as long as it reads. Invariant: the slots of a killed
 * worker expire, and never before it would have been stopped.
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import {
  type ActionLease,
  type Lease,
  type LeasedSlots,
  leasedSlots,
  leaseFrom,
  shareFrom,
} from '#domain/actions/concurrency-slots';
import type { DocumentClient } from '../client.ts';
import { nullIfRefused } from '../conditional-write.ts';
import { controlKeys } from '../keys.ts';
import { ifWritten, untilWritten } from '../transactions.ts';

const stored = leasedSlots.extend({ revision: z.number().int() });
type Stored = z.infer<typeof stored>;

export type SlotStore = {
  /**
   * For actions: as many slots as are free, at most `wanted`; 0 when there are none, or when other writers won every retry.
   * Held until `until` (epoch ms) or released.
   */
  lease(sourceId: string, lease: ActionLease): Promise<number>;
  /**
   * For a gather, called repeatedly: how many slots it holds from now on, and how many it should reduce to (`goal`). Slots that
   * it still uses (`inUse`) are not taken from it.
   */
  share(sourceId: string, lease: Lease & { inUse: number }): Promise<{ held: number; goal: number }>;
  /** Releases all slots of this holder. */
  release(sourceId: string, holder: string): Promise<void>;
};

type State = { client: DocumentClient; table: string; timing: RetryTiming };

/** Slots in the Control table. `timing`: of retries. */
export function slotStore(client: DocumentClient, table: string, { timing = realTiming } = {}): SlotStore {
  const state: State = { client, table, timing };
  return {
    lease: (sourceId, lease) => leaseSlots(state, sourceId, lease),
    share: (sourceId, lease) => shareSlots(state, sourceId, lease),
    release: (sourceId, holder) => releaseSlots(state, sourceId, holder),
  };
}

async function leaseSlots(state: State, sourceId: string, lease: ActionLease): Promise<number> {
  const slots = await ifWritten(async () => {
    const before = await read(state, sourceId);
    const { slots, change } = leaseFrom(before, lease);
    return (await write(state, sourceId, { before, change })) ? slots : null;
  }, state.timing);
  // When other writers win every retry: none for now, which does not fail the batch that wanted them.
  return slots ?? 0;
}

function shareSlots(state: State, sourceId: string, lease: Lease & { inUse: number }): ReturnType<SlotStore['share']> {
  const attempt = async () => {
    const before = await read(state, sourceId);
    const { held, goal, change } = shareFrom(before, lease);
    return (await write(state, sourceId, { before, change })) ? { held, goal } : null;
  };
  return untilWritten(attempt, 'The slots of a source', state.timing);
}

/** Does not read first, so it never loses to another writer: a slot not released is missing until its worker's lease expires. */
async function releaseSlots({ client, table }: State, sourceId: string, holder: string): Promise<void> {
  const update = new UpdateCommand({
    TableName: table,
    Key: controlKeys.slots(sourceId),
    UpdateExpression: 'REMOVE holders.#holder ADD revision :one',
    ConditionExpression: 'attribute_exists(holders.#holder)',
    ExpressionAttributeNames: { '#holder': holder },
    ExpressionAttributeValues: { ':one': 1 },
  });
  // Refused: it holds none.
  await nullIfRefused(client.send(update));
}

async function read({ client, table }: State, sourceId: string): Promise<Stored> {
  const Key = controlKeys.slots(sourceId);
  const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
  return Item === undefined ? { revision: 0, holders: {} } : stored.parse(Item);
}

/** False when another writer changed it since it was read. */
async function write(
  { client, table }: State,
  sourceId: string,
  { before, change }: { before: Stored; change: Partial<LeasedSlots> | null },
): Promise<boolean> {
  if (change === null) return true;
  const { revision } = before;
  const put = new PutCommand({
    TableName: table,
    Item: { ...controlKeys.slots(sourceId), ...before, ...change, revision: revision + 1 },
    ConditionExpression: 'attribute_not_exists(pk) OR revision = :read',
    ExpressionAttributeValues: { ':read': revision },
  });
  return (await nullIfRefused(client.send(put))) !== null;
}
