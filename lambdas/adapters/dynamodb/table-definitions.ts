/**
 * The five tables in DynamoDB: keys, indexes, time to live. One definition for the cloud, the local stack and the tests. Indexes
 * are KEYS_ONLY: they only find items. Keys are built in keys.ts.
 */
import { indexes } from './keys.ts';

export type KeyAttribute = { name: string; type: 'S' | 'N' };
export type IndexDefinition = { name: string; partition: KeyAttribute; sort: KeyAttribute };
export type TableDefinition = {
  partition: KeyAttribute;
  sort: KeyAttribute | null;
  indexes: readonly IndexDefinition[];
  /** Attribute with the epoch seconds after which DynamoDB may delete the item; readers filter expired items anyway. */
  expiry: string | null;
  /** Whether the table has a stream with every new item as it was written. */
  stream?: boolean;
};
export type TableName = 'devices' | 'enrolments' | 'actions' | 'journal' | 'control';

const text = (name: string): KeyAttribute => ({ name, type: 'S' });
const number = (name: string): KeyAttribute => ({ name, type: 'N' });
const keys = { partition: text('pk'), sort: text('sk') };

export const tableDefinitions: Record<TableName, TableDefinition> = {
  devices: {
    ...keys,
    indexes: [
      { name: indexes.byDeviceId, partition: text('idKey'), sort: text('pk') },
      { name: indexes.byName, partition: text('nameKey'), sort: text('pk') },
      { name: indexes.bySource, partition: text('shard'), sort: text('hash') },
      { name: indexes.moving, partition: text('moving'), sort: text('hash') },
      { name: indexes.byVerdict, partition: text('verdictKey'), sort: text('verdictSince') },
    ],
    expiry: null,
  },
  enrolments: { ...keys, indexes: [], expiry: null },
  actions: {
    partition: text('actionId'),
    sort: null,
    indexes: [
      { name: indexes.byDevice, partition: text('deviceKey'), sort: number('requestedAt') },
      { name: indexes.open, partition: text('openKey'), sort: number('dueAt') },
    ],
    expiry: 'expiresAtSeconds',
  },
  journal: { ...keys, indexes: [], expiry: 'expiresAt', stream: true },
  control: { ...keys, indexes: [], expiry: 'expiresAt' },
};

/** The input of CreateTable, without the name and what only the cloud has (encryption, backups, protection). */
export function createTableInput({ partition, sort, indexes: all, stream = false }: TableDefinition) {
  const named = [partition, ...(sort ? [sort] : []), ...all.flatMap((index) => [index.partition, index.sort])];
  const types = new Map(named.map(({ name, type }) => [name, type]));
  return {
    AttributeDefinitions: [...types].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
    KeySchema: keySchema(partition, sort),
    BillingMode: 'PAY_PER_REQUEST' as const,
    ...(stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' as const } } : {}),
    ...(all.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: all.map((index) => ({
            IndexName: index.name,
            KeySchema: keySchema(index.partition, index.sort),
            Projection: { ProjectionType: 'KEYS_ONLY' as const },
          })),
        }),
  };
}

function keySchema(partition: KeyAttribute, sort: KeyAttribute | null) {
  return [
    { AttributeName: partition.name, KeyType: 'HASH' as const },
    ...(sort ? [{ AttributeName: sort.name, KeyType: 'RANGE' as const }] : []),
  ];
}
