/** Reads a table's stream over the real protocol: its shards in the order in which they may be read, and their records. */
import {
  type _Record,
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';
import type { StreamMapping } from '#infra/emulator/model';

export type Shards = { streamArn: string; shards: Shard[] };
/** `isClosed`: this shard will have no more records. */
export type Page = { records: _Record[]; isClosed: boolean };
export type StreamReader = {
  shards(): Promise<Shards>;
  /** Clears the cached shards: the next `shards` reads them. */
  forget(): void;
  /** The records after this sequence number; null: from where the mapping starts. */
  page(streamArn: string, shardId: string, after: string | null): Promise<Page>;
};

const readAtOnce = 1000;
const cacheMs = 10_000;

export function streamReader(
  streams: DynamoDBStreamsClient,
  { tableName, startsAt, abortSignal }: { tableName: string; startsAt: StreamMapping['startsAt']; abortSignal: AbortSignal },
): StreamReader {
  let cached: (Shards & { at: number }) | null = null;
  return {
    async shards() {
      if (cached && Date.now() - cached.at < cacheMs) return cached;
      const streamArn = await streamOf(streams, tableName, abortSignal);
      cached = { streamArn, shards: await shardsOf(streams, streamArn, abortSignal), at: Date.now() };
      return cached;
    },
    forget() {
      cached = null;
    },
    async page(streamArn, shardId, after) {
      const position =
        after === null
          ? { ShardIteratorType: startsAt }
          : ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after } as const);
      const iterator = new GetShardIteratorCommand({ StreamArn: streamArn, ShardId: shardId, ...position });
      const { ShardIterator } = await streams.send(iterator, { abortSignal });
      const records = new GetRecordsCommand({ ShardIterator, Limit: readAtOnce });
      const { Records = [], NextShardIterator } = await streams.send(records, { abortSignal });
      return { records: Records, isClosed: NextShardIterator === undefined };
    },
  };
}

async function streamOf(streams: DynamoDBStreamsClient, tableName: string, abortSignal: AbortSignal): Promise<string> {
  const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: tableName }), { abortSignal });
  const streamArn = Streams.at(-1)?.StreamArn;
  if (streamArn === undefined) throw new Error(`table ${tableName} has no stream`);
  return streamArn;
}

async function shardsOf(streams: DynamoDBStreamsClient, streamArn: string, abortSignal: AbortSignal): Promise<Shard[]> {
  const shards: Shard[] = [];
  let from: string | undefined;
  do {
    const command = new DescribeStreamCommand({
      StreamArn: streamArn,
      ...(from === undefined ? {} : { ExclusiveStartShardId: from }),
    });
    const { StreamDescription } = await streams.send(command, { abortSignal });
    shards.push(...(StreamDescription?.Shards ?? []));
    from = StreamDescription?.LastEvaluatedShardId;
  } while (from !== undefined);
  return shards;
}

/** Those that may be read now: not finished, and their parent finished or gone. */
export function readableShards(shards: readonly Shard[], isFinished: (shardId: string | undefined) => boolean): Shard[] {
  const here = new Set(shards.map(({ ShardId }) => ShardId));
  return shards.filter(
    ({ ShardId, ParentShardId }) =>
      !isFinished(ShardId) && (ParentShardId === undefined || !here.has(ParentShardId) || isFinished(ParentShardId)),
  );
}
