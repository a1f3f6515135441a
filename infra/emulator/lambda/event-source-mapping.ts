/**
 * SQS to Lambda, as AWS's event source mapping does it: long polls, invokes with batches, deletes what succeeded and leaves
 * what failed to its visibility time-out, from where the queue's redrive policy takes it. It works with the function's own
 * rights, as on AWS.
 *
 * Invariant: one receive is under way at a time, and only while a place for a batch is free; up to `maximumConcurrency`
 * batches are being handled. Nothing is deleted before the function has answered for it.
 */
import { setTimeout } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { EventSourceMapping, Invoke } from '#infra/emulator/model';

export type MappingOptions = {
  queueUrl: string;
  functionName: string;
  endpoint: string;
  region: string;
  invoke: Invoke;
  /** Told of every batch that failed as a whole, and of trouble with the queue itself. */
  onProblem: (says: string) => void;
};
export type RunningMapping = { stop(): Promise<void> };

const receiveLimit = 10;
/** AWS polls with five pollers unless told otherwise. */
const defaultConcurrency = 5;
const retryAfterMs = 500;
const partialResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().nullish() })).nullish() })
  .nullish();

export function startMapping(mapping: EventSourceMapping, options: MappingOptions): RunningMapping {
  const { queueUrl, invoke, onProblem } = options;
  const sqs = clientOf(options);
  const stopping = new AbortController();
  const handled = new Set<Promise<void>>();
  const places = mapping.maximumConcurrency ?? defaultConcurrency;

  async function receive(most: number, waitSeconds: number): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(receiveLimit, most),
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(command, { abortSignal: stopping.signal });
    return Messages;
  }

  /** The first messages as soon as there are any; with a window, more until it has passed or the batch is full. */
  async function nextBatch(): Promise<Message[]> {
    const batch = await receive(mapping.batchSize, 20);
    const end = Date.now() + mapping.windowSeconds * 1000;
    while (batch.length > 0 && batch.length < mapping.batchSize && Date.now() < end && !stopping.signal.aborted) {
      const left = Math.ceil((end - Date.now()) / 1000);
      batch.push(...(await receive(mapping.batchSize - batch.length, Math.min(20, left))));
    }
    return batch;
  }

  async function handle(batch: Message[]): Promise<void> {
    try {
      const answer = await invoke(mapping.functionArn, { Records: batch.map((message) => recordOf(message, mapping, options)) });
      await remove(batch, mapping.reportsItemFailures ? failedIn(answer, batch) : new Set());
    } catch (error) {
      if (!stopping.signal.aborted) onProblem(`a batch of ${batch.length} comes again: ${(error as Error).message}`);
    }
  }

  async function remove(batch: Message[], failed: ReadonlySet<string>): Promise<void> {
    const done = batch.filter(({ MessageId }) => !failed.has(MessageId ?? ''));
    for (let at = 0; at < done.length; at += receiveLimit) {
      const Entries = done
        .slice(at, at + receiveLimit)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle: ReceiptHandle ?? '' }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (handled.size >= places) await Promise.race(handled);
        else start(await nextBatch());
      } catch (error) {
        if (stopping.signal.aborted) return;
        onProblem(`${options.functionName}: cannot read its queue: ${(error as Error).message}`);
        await setTimeout(retryAfterMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  function start(batch: Message[]): void {
    if (batch.length === 0) return;
    const work = handle(batch).finally(() => handled.delete(work));
    handled.add(work);
  }

  const polling = mapping.enabled ? poll() : Promise.resolve();
  return {
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(handled);
      sqs.destroy();
    },
  };
}

function clientOf({ endpoint, region, functionName }: MappingOptions): SQSClient {
  const configuration: SQSClientConfig = {
    endpoint,
    region,
    credentials: { accessKeyId: functionName, secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  return new SQSClient(configuration);
}

/**
 * Which messages the function reports as failed. As on AWS, an answer that is malformed, or names a message that was not in
 * the batch, means that all failed.
 */
export function failedIn(answer: unknown, batch: readonly Message[]): Set<string> {
  const ids = batch.map(({ MessageId }) => MessageId ?? '');
  const parsed = partialResponse.safeParse(answer);
  if (!parsed.success) return new Set(ids);
  const failed = (parsed.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier ?? '');
  return failed.every((id) => id !== '' && ids.includes(id)) ? new Set(failed) : new Set(ids);
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
