/** Sends messages to our SQS queues in batches of ten; entries that SQS rejects for internal reasons are retried. */
import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { parts } from '#adapters/list-parts';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import { messageText } from '#domain/messages/sqs-safe-json';
import { type BackoffPolicy, backoffMs } from '#domain/time/backoff';

/** `bulk`: one of many; it is sent to the bulk queue where there is one. */
export type Outgoing = { body: unknown; delaySeconds?: number; group?: string; deduplication?: string; bulk?: boolean };
export type Queue = { send(messages: readonly Outgoing[]): Promise<void> };

const batchSize = 10;
const batchesAtOnce = 4;
const tries = 5;
const backoff: BackoffPolicy = { firstMs: 25, longestMs: 1_000, jitter: 'full' };

/**
 * The queue at this URL. Throws when entries are still rejected after five tries: the caller's own message is then redelivered,
 * and nothing is lost. `timing`: of retries.
 */
export function sqsQueue(url: string, client = new SQSClient({}), { timing = realTiming } = {}): Queue {
  return {
    async send(messages) {
      const batches = parts(messages.map(toEntry), batchSize);
      await pMap(batches, (batch) => sendBatch({ client, url, timing }, batch), { concurrency: batchesAtOnce });
    },
  };
}

type Target = { client: SQSClient; url: string; timing: RetryTiming };

/** Retries entries that SQS rejects for internal reasons, after a pause. */
async function sendBatch({ client, url, timing }: Target, batch: SendMessageBatchRequestEntry[]): Promise<void> {
  let entries = batch;
  for (let tried = 1; ; tried++) {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    const [first] = Failed;
    if (first === undefined) return;
    const senderFault = Failed.find((failure) => failure.SenderFault);
    if (senderFault || tried >= tries)
      throw new Error(
        `SQS refused ${Failed.length} of ${entries.length} messages: ${(senderFault ?? first).Message ?? 'no reason given'}`,
      );
    const failed = new Set(Failed.map((failure) => failure.Id));
    entries = entries.filter((entry) => failed.has(entry.Id));
    await timing.pause(backoffMs(backoff, tried, timing.random()));
  }
}

/** A queue and its bulk queue: single messages do not wait behind those of a bulk (docs/decisions/0032-lanes.md). */
export function inLanes(single: Queue, bulk: Queue): Queue {
  return {
    async send(messages) {
      const many = messages.filter((one) => one.bulk);
      const few = messages.filter((one) => !one.bulk);
      await Promise.all([...(few.length > 0 ? [single.send(few)] : []), ...(many.length > 0 ? [bulk.send(many)] : [])]);
    },
  };
}

function toEntry({ body, delaySeconds, group, deduplication }: Outgoing): SendMessageBatchRequestEntry {
  return {
    Id: randomUUID(),
    MessageBody: messageText(body),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(group === undefined ? {} : { MessageGroupId: group }),
    ...(deduplication === undefined ? {} : { MessageDeduplicationId: deduplication }),
  };
}
