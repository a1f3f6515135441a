/** The progress of reading MaaS360's enrolments: one item of the Control table. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { problem } from '#domain/devices/source';
import type { DocumentClient } from '../client.ts';
import { controlKeys } from '../keys.ts';

export const maas360State = z.object({
  /** The next partial read requests what reported after it; null before the first full read. Epoch ms, like all times. */
  since: z.number().nullable(),
  lastFullAt: z.number().nullable(),
  lastCompleteAt: z.number().nullable(),
  /** A read began and did not finish: what it stored may not have reached evaluation. */
  interrupted: z.boolean(),
  /** Enrolments that the last full read did not list; withdrawn when the next one does not list them either. */
  absent: z.array(z.string()),
  devices: z.number().int(),
  unreadable: z.number().int(),
  problem: problem.nullable(),
  /** No request before it. */
  retryAt: z.number().nullable(),
});
export type Maas360State = z.infer<typeof maas360State>;
export type Maas360StateStore = { read(): Promise<Maas360State>; write(state: Maas360State): Promise<void> };

const never: Maas360State = {
  since: null,
  lastFullAt: null,
  lastCompleteAt: null,
  interrupted: false,
  absent: [],
  devices: 0,
  unreadable: 0,
  problem: null,
  retryAt: null,
};

/** Written only by the holder of the import's lease. */
export function maas360StateStore(client: DocumentClient, table: string): Maas360StateStore {
  const Key = controlKeys.maas360();
  return {
    async read() {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item === undefined ? never : maas360State.parse(Item);
    },
    async write(state) {
      await client.send(new PutCommand({ TableName: table, Item: { ...Key, ...state } }));
    },
  };
}
