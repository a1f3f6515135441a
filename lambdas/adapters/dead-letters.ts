/**
 * Messages that were given up, in their dead-letter queues. To look at one it is received and given back; to send it again it
 * is sent first and deleted then, so a crash in between doubles a message, which every worker of ours takes, and loses none.
 */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { type QueueDepth, readQueueDepths } from '#adapters/queue-depths';

/** By name: where the messages lie, and the queue they go to again (null: nothing takes them again). */
export const deadLetterQueues = z.record(z.string(), z.object({ url: z.string(), goesTo: z.string().nullable() }));
export type DeadLetterQueues = z.infer<typeof deadLetterQueues>;

/** `sentAt`: epoch ms when it was sent; `receives`: how often it was received, here included. */
export type DeadLetter = { id: string; body: string; sentAt: number; receives: number };
export type Handled = { handled: string[]; left: number };
export type DeadLetters = ReturnType<typeof deadLetters>;

const hiddenSeconds = 60;
const mostAtOnce = 1_000;
const giveBackBatch = 10;

export function deadLetters(sqs: SQSClient, queues: DeadLetterQueues) {
  const addressOf = (name: string) => (Object.hasOwn(queues, name) ? (queues[name] ?? null) : null);

  /** Receives until `each` has enough or nothing more comes. Whatever `each` did not keep is visible again at the end. */
  async function* received(url: string, most: number): AsyncGenerator<Message[]> {
    let seen = 0;
    // An empty answer may be a poor sample of the queue: only a second one is believed.
    for (let empty = 0; empty < 2 && seen < most; ) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: Math.min(10, most - seen),
          VisibilityTimeout: hiddenSeconds,
          WaitTimeSeconds: empty === 0 ? 0 : 1,
          MessageSystemAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) empty += 1;
      seen += Messages.length;
      if (Messages.length > 0) yield Messages;
    }
  }

  async function giveBack(url: string, messages: readonly Message[]): Promise<void> {
    for (let from = 0; from < messages.length; from += giveBackBatch) {
      const Entries = messages
        .slice(from, from + giveBackBatch)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout: 0 }));
      await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }));
    }
  }

  /** Does `each` to the messages of these ids, or to all, and deletes them; the others are given back. */
  async function handle(
    url: string,
    ids: readonly string[] | 'all',
    each: (message: Message) => Promise<void>,
  ): Promise<Handled> {
    const wanted = ids === 'all' ? null : new Set(ids);
    const handled: string[] = [];
    const others: Message[] = [];
    try {
      for await (const messages of received(url, mostAtOnce))
        for (const message of messages) {
          if (wanted && !wanted.has(message.MessageId ?? '')) {
            others.push(message);
            continue;
          }
          await each(message);
          await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
          handled.push(message.MessageId ?? '');
        }
    } finally {
      await giveBack(url, others);
    }
    const { depth } = await readQueueDepths(sqs, { depth: url });
    return { handled, left: (depth?.waiting ?? 0) + (depth?.inWork ?? 0) };
  }

  return {
    names: Object.keys(queues),
    /** Null for a name that is none. `redrivable`: its messages can be sent again. */
    about: (name: string): { redrivable: boolean } | null => {
      const address = addressOf(name);
      return address && { redrivable: address.goesTo !== null };
    },

    depths: (): Promise<Record<string, QueueDepth>> =>
      readQueueDepths(sqs, Object.fromEntries(Object.entries(queues).map(([name, { url }]) => [name, url]))),

    /** At most `limit`; of a queue in order the first of each device. */
    async look(name: string, limit: number): Promise<DeadLetter[]> {
      const address = addressOf(name);
      if (!address) return [];
      const found: Message[] = [];
      try {
        for await (const messages of received(address.url, limit)) found.push(...messages);
      } finally {
        await giveBack(address.url, found);
      }
      return found.map(({ MessageId = '', Body = '', Attributes = {} }) => ({
        id: MessageId,
        body: Body,
        sentAt: Number(Attributes.SentTimestamp ?? 0),
        receives: Number(Attributes.ApproximateReceiveCount ?? 0),
      }));
    },

    async redrive(name: string, ids: readonly string[] | 'all'): Promise<Handled> {
      const address = addressOf(name);
      if (!address?.goesTo) throw new Error(`What lies in the dead-letter queue "${name}" goes nowhere again.`);
      const QueueUrl = address.goesTo;
      return handle(address.url, ids, async ({ MessageId, Body, Attributes = {} }) => {
        const group = Attributes.MessageGroupId;
        const fifo = group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `again-${MessageId}` };
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: Body, ...fifo }));
      });
    },

    async drop(name: string, ids: readonly string[] | 'all'): Promise<Handled> {
      const address = addressOf(name);
      return address ? handle(address.url, ids, async () => undefined) : { handled: [], left: 0 };
    },
  };
}
