/**
 * A table's stream to a function, as AWS's event source mapping does it: each shard in order, one batch at a time, with the
 * function's own rights. What fails comes again, from the first failed record on; a batch that fails as a whole is halved.
 * What is past its attempts or its age is told to the failure queue, and passed over.
 *
 * Invariants: how far a shard has been worked off is written to the data folder after the function answered for it, never before:
 * after a kill -9 the last batch comes again and none is left out. A shard is begun when its parent is done.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type Shard,
} from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { Invoke, Model, StreamMapping } from '#infra/emulator/model';
import { matches } from '#infra/emulator/services/event-pattern';
import type { RunningMapping } from './event-source-mapping.ts';

export type StreamMappingOptions = {
  model: Pick<Model, 'tables' | 'functions' | 'queues'>;
  endpoint: string;
  region: string;
  dataDir: string;
  invoke: Invoke;
  onProblem: (says: string) => void;
  /** Between two looks at a stream with nothing new, ms. AWS looks four times a second. */
  pollMs?: number;
};

const readAtOnce = 1000;
const shardsKnownMs = 10_000;
const longestBackoffMs = 10_000;
const finished = 'finished';
/** By stream and shard: the last sequence number that was worked off, or that the shard is closed and done. */
const checkpoints = z.record(z.string(), z.string());
const partialResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().nullish() })).nullish() })
  .nullish();

export function startStreamMapping(mapping: StreamMapping, options: StreamMappingOptions): RunningMapping {
  const { endpoint, region, invoke, onProblem, pollMs = 250 } = options;
  const { table, fn } = partsOf(mapping, options.model);
  const client = { endpoint, region, credentials: { accessKeyId: fn.name, secretAccessKey: 'local' }, maxAttempts: 1 };
  const streams = new DynamoDBStreamsClient(client);
  const sqs = new SQSClient(client);
  const stopping = new AbortController();
  const abortSignal = stopping.signal;
  const folder = join(options.dataDir, 'streams');
  const file = join(folder, `${mapping.id}.json`);
  let done: Record<string, string> = {};
  let known: { streamArn: string; shards: Shard[]; at: number } | null = null;

  async function note(place: string, sequenceNumber: string): Promise<void> {
    done = { ...done, [place]: sequenceNumber };
    await mkdir(folder, { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify(done));
    await rename(`${file}.new`, file);
  }

  async function shardsNow(): Promise<{ streamArn: string; shards: Shard[] }> {
    if (known && Date.now() - known.at < shardsKnownMs) return known;
    const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName: table.name }), { abortSignal });
    const streamArn = Streams.at(-1)?.StreamArn;
    if (streamArn === undefined) throw new Error(`table ${table.name} has no stream`);
    const shards: Shard[] = [];
    let from: string | undefined;
    do {
      const { StreamDescription } = await streams.send(
        new DescribeStreamCommand({ StreamArn: streamArn, ...(from === undefined ? {} : { ExclusiveStartShardId: from }) }),
        { abortSignal },
      );
      shards.push(...(StreamDescription?.Shards ?? []));
      from = StreamDescription?.LastEvaluatedShardId;
    } while (from !== undefined);
    known = { streamArn, shards, at: Date.now() };
    return known;
  }

  /** One look at every shard that may be read now; true when there was anything. */
  async function look(): Promise<boolean> {
    const { streamArn, shards } = await shardsNow();
    const place = (shardId: string | undefined) => `${streamArn}|${shardId}`;
    const here = new Set(shards.map(({ ShardId }) => ShardId));
    const ready = shards.filter(
      ({ ShardId, ParentShardId }) =>
        done[place(ShardId)] !== finished &&
        (ParentShardId === undefined || !here.has(ParentShardId) || done[place(ParentShardId)] === finished),
    );
    let any = false;
    for (const { ShardId } of ready) any = (await lookAt(streamArn, ShardId ?? '')) || any;
    return any;
  }

  async function lookAt(streamArn: string, shardId: string): Promise<boolean> {
    const place = `${streamArn}|${shardId}`;
    const after = done[place];
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: streamArn,
        ShardId: shardId,
        ...(after === undefined
          ? { ShardIteratorType: mapping.startsAt }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
      }),
      { abortSignal },
    );
    const { Records = [], NextShardIterator } = await streams.send(new GetRecordsCommand({ ShardIterator, Limit: readAtOnce }), {
      abortSignal,
    });
    const wanted = Records.filter((record) => fits(mapping, record));
    for (let at = 0; at < wanted.length; at += mapping.batchSize)
      await workOff(wanted.slice(at, at + mapping.batchSize), { place, shardId });
    const last = Records.at(-1);
    if (last) await note(place, sequenceOf(last));
    else if (NextShardIterator === undefined) await note(place, finished);
    return Records.length > 0;
  }

  /** Returns when all of the batch is done, or given up. Throws only when it is to stop. */
  async function workOff(batch: readonly _Record[], where: { place: string; shardId: string }): Promise<void> {
    let waiting = batch;
    let most = batch.length;
    for (let tries = 0; waiting.length > 0; ) {
      abortSignal.throwIfAborted();
      const now = waiting.slice(0, most);
      const { failed, because } = await hand(now);
      const taken = failed === null ? now : now.slice(0, failed);
      const last = taken.at(-1);
      if (last) await note(where.place, sequenceOf(last));
      waiting = waiting.slice(taken.length);
      if (failed === null || taken.length > 0) tries = 0;
      if (failed === null) most = batch.length;
      if (failed === null || waiting.length === 0) continue;
      if (because) onProblem(`${fn.name}: ${now.length} records of a stream come again: ${because}`);
      const single = most === 1 || !mapping.bisects;
      if (mapping.bisects && taken.length === 0) most = Math.max(1, Math.floor(Math.min(most, now.length) / 2));
      tries++;
      if (single && isOver(waiting[0], tries)) {
        const lost = waiting.slice(0, most);
        await giveUp(lost, where.shardId);
        waiting = waiting.slice(lost.length);
        tries = 0;
        continue;
      }
      await setTimeout(Math.min(longestBackoffMs, 100 * 2 ** Math.min(tries, 10)), undefined, { signal: abortSignal });
    }
  }

  /** `failed`: place of the first record that failed; null when none did. */
  async function hand(batch: readonly _Record[]): Promise<{ failed: number | null; because?: string }> {
    try {
      const Records = batch.map((record) => recordOf(record, mapping));
      const answer = await invoke(mapping.functionArn, { Records });
      return { failed: mapping.reportsItemFailures ? firstFailed(answer, batch) : null };
    } catch (error) {
      return { failed: 0, because: error instanceof Error ? error.message : String(error) };
    }
  }

  function isOver(first: _Record | undefined, tries: number): boolean {
    const age = (Date.now() - (first?.dynamodb?.ApproximateCreationDateTime?.getTime() ?? Date.now())) / 1000;
    return (
      (mapping.retryAttempts >= 0 && tries > mapping.retryAttempts) ||
      (mapping.maximumAgeSeconds >= 0 && age > mapping.maximumAgeSeconds)
    );
  }

  async function giveUp(lost: readonly _Record[], shardId: string): Promise<void> {
    const queue = options.model.queues.find(({ arn }) => arn === mapping.failuresArn);
    onProblem(`${fn.name}: ${lost.length} records of a stream were given up${queue ? `; ${queue.name} names them` : ''}`);
    if (!queue) return;
    const DDBStreamBatchInfo = {
      shardId,
      startSequenceNumber: lost[0]?.dynamodb?.SequenceNumber,
      endSequenceNumber: lost.at(-1)?.dynamodb?.SequenceNumber,
      batchSize: lost.length,
      streamArn: mapping.streamArn,
    };
    const body = {
      requestContext: { functionArn: mapping.functionArn, condition: 'RetryAttemptsExhausted' },
      DDBStreamBatchInfo,
    };
    await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: JSON.stringify(body) }), { abortSignal });
  }

  async function poll(): Promise<void> {
    done = await readCheckpoints(file);
    while (!abortSignal.aborted) {
      try {
        if (!(await look())) await setTimeout(pollMs, undefined, { signal: abortSignal });
      } catch (error) {
        if (abortSignal.aborted) return;
        onProblem(`${fn.name}: cannot read the stream of ${table.name}: ${error instanceof Error ? error.message : error}`);
        known = null;
        await setTimeout(1000, undefined, { signal: abortSignal }).catch(() => undefined);
      }
    }
  }

  const polling = mapping.enabled ? poll() : Promise.resolve();
  return {
    async stop() {
      stopping.abort();
      await polling;
      streams.destroy();
      sqs.destroy();
    },
  };
}

function partsOf({ id, streamArn, functionArn }: StreamMapping, { tables, functions }: StreamMappingOptions['model']) {
  const table = tables.find((one) => one.streamArn === streamArn);
  const fn = functions.find(({ arn }) => arn === functionArn);
  if (table && fn) return { table, fn };
  throw new Error(`The event source mapping ${id} names a stream or function that the template lacks`);
}

/** A file that a crash cut short cannot be: it is replaced whole. */
async function readCheckpoints(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return checkpoints.parse(JSON.parse(text));
}

const sequenceOf = ({ dynamodb }: _Record): string => dynamodb?.SequenceNumber ?? '';

function fits({ filters }: StreamMapping, record: _Record): boolean {
  return filters.length === 0 || filters.some((pattern) => matches(pattern, record));
}

/**
 * As on AWS, an answer that is malformed, or names a record that was not in the batch, means that all failed; else the batch is
 * done up to the first record that is named.
 */
export function firstFailed(answer: unknown, batch: readonly _Record[]): number | null {
  const parsed = partialResponse.safeParse(answer);
  if (!parsed.success) return 0;
  const places = (parsed.data?.batchItemFailures ?? []).map(({ itemIdentifier }) =>
    batch.findIndex((record) => itemIdentifier !== '' && sequenceOf(record) === itemIdentifier),
  );
  if (places.length === 0) return null;
  return Math.max(0, Math.min(...places));
}

/** As a function gets it: times in epoch seconds, the stream by the template's name. */
function recordOf({ dynamodb, ...record }: _Record, { streamArn }: StreamMapping) {
  const created = dynamodb?.ApproximateCreationDateTime;
  return {
    ...record,
    eventSourceARN: streamArn,
    dynamodb: { ...dynamodb, ...(created ? { ApproximateCreationDateTime: Math.floor(created.getTime() / 1000) } : {}) },
  };
}
