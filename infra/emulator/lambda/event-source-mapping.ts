/**
 * SQS to Lambda, like AWS's event source mapping: long-polls, invokes with batches, deletes the messages that succeeded and
 * leaves the others to their visibility time-out and the queue's redrive policy. It uses the function's permissions, as on AWS.
 *
 * Invariants: one receive is in progress at a time, and only while fewer than `maximumConcurrency` batches are. No message is
 * deleted before the function has returned a result for it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { backoffMs } from '#domain/time/backoff';
import type { EventSourceMapping, Invoke } from '#infra/emulator/model';
import { reportedFailures } from './item-failures.ts';

export type MappingOptions = {
  queueUrl: string;
  functionName: string;
  endpoint: string;
  region: string;
  invoke: Invoke;
  /** Reports every batch that failed as a whole, and errors of the queue itself. */
  onProblem: (message: string) => void;
};
export type RunningMapping = { stop(): Promise<void> };

const receiveLimit = 10;
/** AWS polls with five pollers unless the mapping says otherwise. */
const defaultConcurrency = 5;
const receivePolicy = { firstMs: 500, longestMs: 10_000, jitter: 'none' } as const;

type Context = { mapping: EventSourceMapping; options: MappingOptions; sqs: SQSClient; abortSignal: AbortSignal };

export function startMapping(mapping: EventSourceMapping, options: MappingOptions): RunningMapping {
  const stopping = new AbortController();
  const sqs = clientOf(options);
  const handled = new Set<Promise<void>>();
  const context = { mapping, options, sqs, abortSignal: stopping.signal };
  const polling = mapping.enabled ? poll(context, handled) : Promise.resolve();
  return {
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(handled);
      sqs.destroy();
    },
  };
}

/** Runs until stopped. `handled`: the batches in progress. */
async function poll(context: Context, handled: Set<Promise<void>>): Promise<void> {
  const { mapping, options, abortSignal } = context;
  const mostAtOnce = mapping.maximumConcurrency ?? defaultConcurrency;
  for (let failures = 0; !abortSignal.aborted; ) {
    try {
      if (handled.size >= mostAtOnce) {
        await Promise.race(handled);
        continue;
      }
      const batch = await nextBatch(context);
      failures = 0;
      if (batch.length === 0) continue;
      const work = handle(context, batch).finally(() => handled.delete(work));
      handled.add(work);
    } catch (error) {
      if (abortSignal.aborted) return;
      failures++;
      options.onProblem(`${options.functionName}: cannot read its queue: ${messageOf(error)}`);
      await pause(backoffMs(receivePolicy, failures, 0), undefined, { signal: abortSignal }).catch(() => undefined);
    }
  }
}

/** The first messages as soon as there are any; with a batching window, more until it ends or the batch is full. */
async function nextBatch(context: Context): Promise<Message[]> {
  const { batchSize, windowSeconds } = context.mapping;
  const batch = await receive(context, { most: batchSize, waitSeconds: 20 });
  const end = Date.now() + windowSeconds * 1000;
  while (batch.length > 0 && batch.length < batchSize && Date.now() < end && !context.abortSignal.aborted) {
    const left = Math.ceil((end - Date.now()) / 1000);
    batch.push(...(await receive(context, { most: batchSize - batch.length, waitSeconds: Math.min(20, left) })));
  }
  return batch;
}

async function receive(
  { sqs, options, abortSignal }: Context,
  { most, waitSeconds }: { most: number; waitSeconds: number },
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: options.queueUrl,
    MaxNumberOfMessages: Math.min(receiveLimit, most),
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  const { Messages = [] } = await sqs.send(command, { abortSignal });
  return Messages;
}

/** Never rejects: a batch that failed as a whole is reported, and its messages are redelivered. */
async function handle(context: Context, batch: Message[]): Promise<void> {
  const { mapping, options, abortSignal } = context;
  try {
    const Records = batch.map((message) => recordOf(message, mapping, options));
    const answer = await options.invoke(mapping.functionArn, { Records });
    await remove(context, batch, mapping.reportsItemFailures ? failedIn(answer, batch) : new Set());
  } catch (error) {
    if (!abortSignal.aborted) options.onProblem(`a batch of ${batch.length} comes again: ${messageOf(error)}`);
  }
}

async function remove({ sqs, options }: Context, batch: Message[], failed: ReadonlySet<string>): Promise<void> {
  const done = batch.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
  for (let at = 0; at < done.length; at += receiveLimit) {
    const Entries = done
      .slice(at, at + receiveLimit)
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle: ReceiptHandle ?? '' }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: options.queueUrl, Entries }));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function clientOf({ endpoint, region, functionName }: MappingOptions): SQSClient {
  const configuration: SQSClientConfig = {
    endpoint,
    region,
    credentials: { accessKeyId: functionName, secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  return new SQSClient(configuration);
}

/** Ids of the messages that the function reports as failed; all of them if its result is malformed. */
export function failedIn(answer: unknown, batch: readonly Message[]): Set<string> {
  const ids = batch.map(({ MessageId }) => MessageId ?? '');
  return new Set(reportedFailures(answer, ids) ?? ids);
}

function recordOf(message: Message, { queueArn }: EventSourceMapping, { region }: MappingOptions) {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      dataType: value.DataType,
      stringValue: value.StringValue,
      binaryValue: value.BinaryValue && Buffer.from(value.BinaryValue).toString('base64'),
      stringListValues: [],
      binaryListValues: [],
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
