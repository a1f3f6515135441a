/**
 * A table's stream to a function, like AWS's event source mapping: each shard in order, one batch at a time, with the
 * function's permissions. What happens to a batch after each result is decided in stream-batch.ts.
 *
 * Invariants: a checkpoint is written after the function has returned a result for its records, never before: after a kill -9 the
 * last batch is sent again and none is skipped. A shard is read when its parent is finished.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { backoffMs } from '#domain/time/backoff';
import type { Invoke, Model, StreamMapping } from '#infra/emulator/model';
import { type Checkpoints, finished, openCheckpoints } from './checkpoints.ts';
import type { RunningMapping } from './event-source-mapping.ts';
import { afterAnswer, type BatchEffect, newBatch, toSend } from './stream-batch.ts';
import { readableShards, type StreamReader, streamReader } from './stream-reader.ts';
import { type Entry, entryOf, fits, forFunction, indexOfFirstFailed } from './stream-records.ts';

export type StreamMappingOptions = {
  model: Pick<Model, 'tables' | 'functions' | 'queues'>;
  endpoint: string;
  region: string;
  dataDir: string;
  invoke: Invoke;
  onProblem: (message: string) => void;
  /** Wait after a read with no new records, ms. AWS reads four times a second. */
  pollMs?: number;
};
type Place = { streamArn: string; shardId: string };
type Context = {
  mapping: StreamMapping;
  options: StreamMappingOptions;
  functionName: string;
  reader: StreamReader;
  sqs: SQSClient;
  abortSignal: AbortSignal;
};

const readPolicy = { firstMs: 1000, longestMs: 30_000, jitter: 'none' } as const;

export function startStreamMapping(mapping: StreamMapping, options: StreamMappingOptions): RunningMapping {
  const { table, fn } = partsOf(mapping, options.model);
  const { endpoint, region } = options;
  const client = { endpoint, region, credentials: { accessKeyId: fn.name, secretAccessKey: 'local' }, maxAttempts: 1 };
  const streams = new DynamoDBStreamsClient(client);
  const sqs = new SQSClient(client);
  const stopping = new AbortController();
  const { signal: abortSignal } = stopping;
  const reader = streamReader(streams, { tableName: table.name, startsAt: mapping.startsAt, abortSignal });
  const context = { mapping, options, functionName: fn.name, reader, sqs, abortSignal };
  const polling = mapping.enabled ? poll(context, table.name) : Promise.resolve();
  return {
    async stop() {
      stopping.abort();
      await polling;
      streams.destroy();
      sqs.destroy();
    },
  };
}

/** Runs until stopped. What cannot be read (the stream, the checkpoints) is reported and retried, never skipped. */
async function poll(context: Context, tableName: string): Promise<void> {
  const { options, mapping, abortSignal, functionName } = context;
  const file = join(options.dataDir, 'streams', `${mapping.id}.json`);
  let checkpoints: Checkpoints | null = null;
  for (let failures = 0; !abortSignal.aborted; ) {
    try {
      checkpoints ??= openCheckpoints(file);
      const any = await readAll(context, checkpoints);
      failures = 0;
      if (!any) await pause(options.pollMs ?? 250, undefined, { signal: abortSignal });
    } catch (error) {
      if (abortSignal.aborted) return;
      failures++;
      options.onProblem(`${functionName}: cannot read the stream of ${tableName}: ${messageOf(error)}`);
      context.reader.forget();
      await pause(backoffMs(readPolicy, failures, 0), undefined, { signal: abortSignal }).catch(() => undefined);
    }
  }
}

/** Reads every shard that may be read now, once; true if there were records. */
async function readAll(context: Context, checkpoints: Checkpoints): Promise<boolean> {
  const { streamArn, shards } = await context.reader.shards();
  const isFinished = (shardId = '') => checkpoints.of(keyOf({ streamArn, shardId })) === finished;
  let any = false;
  for (const { ShardId: shardId = '' } of readableShards(shards, isFinished))
    any = (await readShard(context, checkpoints, { streamArn, shardId })) || any;
  return any;
}

async function readShard(context: Context, checkpoints: Checkpoints, place: Place): Promise<boolean> {
  const { mapping, reader } = context;
  const { records, isClosed } = await reader.page(place.streamArn, place.shardId, checkpoints.of(keyOf(place)));
  const entries = records.map((record) => entryOf(record, Date.now()));
  const matching = entries.filter((entry) => fits(entry, mapping));
  for (let at = 0; at < matching.length; at += mapping.batchSize)
    await processAll(context, matching.slice(at, at + mapping.batchSize), { checkpoints, place });
  const last = entries.at(-1);
  if (last) await checkpoints.set(keyOf(place), last.sequenceNumber);
  else if (isClosed) await checkpoints.set(keyOf(place), finished);
  return records.length > 0;
}

type Where = { checkpoints: Checkpoints; place: Place };

/** Returns when every record is done or dropped. Throws when stopped, or if an effect fails. */
async function processAll(context: Context, entries: readonly Entry[], where: Where): Promise<void> {
  let batch = newBatch(entries);
  for (let sent = toSend(batch); sent.length > 0; sent = toSend(batch)) {
    context.abortSignal.throwIfAborted();
    const failed = await send(context, sent);
    const step = afterAnswer(batch, failed, { limits: context.mapping, now: Date.now() });
    batch = step.batch;
    for (const effect of step.effects) await perform(context, effect, where);
  }
}

async function perform(context: Context, effect: BatchEffect<Entry>, { checkpoints, place }: Where): Promise<void> {
  switch (effect.kind) {
    case 'checkpoint':
      return checkpoints.set(keyOf(place), effect.sequenceNumber);
    case 'drop':
      return drop(context, effect.records, place.shardId);
    case 'wait':
      return pause(effect.ms, undefined, { signal: context.abortSignal });
  }
}

/** Index of the first record that failed; null if none did. */
async function send({ mapping, options, functionName }: Context, entries: readonly Entry[]): Promise<number | null> {
  try {
    const answer = await options.invoke(mapping.functionArn, { Records: entries.map((entry) => forFunction(entry, mapping)) });
    return mapping.reportsItemFailures ? indexOfFirstFailed(answer, entries) : null;
  } catch (error) {
    options.onProblem(`${functionName}: ${entries.length} records of a stream come again: ${messageOf(error)}`);
    return 0;
  }
}

async function drop(context: Context, dropped: readonly Entry[], shardId: string): Promise<void> {
  const { mapping, options, functionName, sqs, abortSignal } = context;
  const queue = options.model.queues.find(({ arn }) => arn === mapping.failuresArn);
  options.onProblem(
    `${functionName}: ${dropped.length} records of a stream were given up${queue ? `; ${queue.name} names them` : ''}`,
  );
  if (!queue) return;
  const DDBStreamBatchInfo = {
    shardId,
    startSequenceNumber: dropped[0]?.sequenceNumber,
    endSequenceNumber: dropped.at(-1)?.sequenceNumber,
    batchSize: dropped.length,
    streamArn: mapping.streamArn,
  };
  const requestContext = { functionArn: mapping.functionArn, condition: 'RetryAttemptsExhausted' };
  const MessageBody = JSON.stringify({ requestContext, DDBStreamBatchInfo });
  await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody }), { abortSignal });
}

function partsOf({ id, streamArn, functionArn }: StreamMapping, { tables, functions }: StreamMappingOptions['model']) {
  const table = tables.find((one) => one.streamArn === streamArn);
  const fn = functions.find(({ arn }) => arn === functionArn);
  if (table && fn) return { table, fn };
  throw new Error(`The event source mapping ${id} names a stream or function that the template lacks`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const keyOf = ({ streamArn, shardId }: Place): string => `${streamArn}|${shardId}`;
