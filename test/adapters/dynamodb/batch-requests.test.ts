/** DynamoDB may leave a part of any batch unprocessed: it is retried after a pause, a limited number of times. */
import { BatchGetCommand, BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { getAll, putAll } from '#adapters/dynamodb/batch-requests';
import { documentClient } from '#adapters/dynamodb/client';

const client = documentClient({ region: 'us-east-1' });
const table = mockClient(client);
const pauses: number[] = [];
const timing = { random: () => 1, pause: async (ms: number) => pauses.push(ms) };
beforeEach(() => {
  table.reset();
  pauses.length = 0;
});

type Keys = Record<string, { Keys: Record<string, unknown>[] }>;
/** Leaves every key unprocessed for the first `times` requests, then answers. */
function busyReads(times: number) {
  table.on(BatchGetCommand).callsFake(({ RequestItems }: { RequestItems: Keys }) => {
    // A loop without a bound would never end the test.
    const requests = table.commandCalls(BatchGetCommand).length;
    if (requests > 1_000) throw new Error('more than a thousand requests');
    if (requests <= times) return { Responses: {}, UnprocessedKeys: RequestItems };
    return { Responses: Object.fromEntries(Object.entries(RequestItems).map(([name, { Keys }]) => [name, Keys])) };
  });
}

test('keys left unprocessed a few times are read after growing pauses', async () => {
  busyReads(3);
  expect(await getAll(client, 'Things', [{ pk: 'a' }, { pk: 'b' }], { timing })).toEqual([{ pk: 'a' }, { pk: 'b' }]);
  expect(pauses).toEqual([25, 50, 100]);
});

test('a table that always leaves keys unprocessed is an error that says so', async () => {
  busyReads(Number.POSITIVE_INFINITY);
  await expect(getAll(client, 'Things', [{ pk: 'a' }], { timing })).rejects.toThrow(
    'DynamoDB did not read 1 items of Things in 10 tries',
  );
  expect(pauses).toHaveLength(9);
});

test('items that stay unwritten are an error too', async () => {
  table.on(BatchWriteCommand).callsFake(({ RequestItems }) => ({ UnprocessedItems: RequestItems }));
  await expect(putAll(client, 'Things', [{ pk: 'a' }], { timing })).rejects.toThrow('did not write 1 items of Things');
  expect(pauses).toHaveLength(9);
});

test('a ledger read that stays unprocessed is an error that says so', async () => {
  busyReads(Number.POSITIVE_INFINITY);
  const book = ledger(client, { actions: 'Actions', devices: 'Devices', journal: 'Journal' }, { timing });
  await expect(book.readMany(['one', 'two'])).rejects.toThrow('DynamoDB did not read 2 items of Actions in 10 tries');
  expect(pauses).toHaveLength(9);
});
