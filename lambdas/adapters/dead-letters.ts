/**
 * Messages that could not be processed, in their dead-letter queues. To show one, it is received and made visible again; to
 * redrive it, it is sent first and then deleted: a crash in between duplicates a message, which every worker tolerates, and
 * loses none.
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
import { parts } from '#adapters/list-parts';
import { type QueueDepth, readQueueDepths } from '#adapters/queue-depths';

/** By name: the queue's address, and that of the queue its messages can be sent to again (null: none). */
export const deadLetterQueues = z.record(z.string(), z.object({ url: z.string(), goesTo: z.string().nullable() }));
export type DeadLetterQueues = z.infer<typeof deadLetterQueues>;

/** `sentAt`: epoch ms when it was sent; `receives`: how often it was received, this time included. */
export type DeadLetter = { id: string; body: string; sentAt: number; receives: number };
export type Handled = { handled: string[]; left: number };
export type DeadLetters = ReturnType<typeof deadLetters>;

const hiddenSeconds = 60;
const mostAtOnce = 1_000;
const visibilityBatch = 10;

type State = { sqs: SQSClient; queues: DeadLetterQueues };

/** The dead-letter queues of these names. */
export function deadLetters(sqs: SQSClient, queues: DeadLetterQueues) {
  const state: State = { sqs, queues };
  return {
    names: Object.keys(queues),

    /** Null for an unknown name. `redrivable`: its messages can be sent to their own queue again. */
    about: (name: string): { redrivable: boolean } | null => {
      const address = addressOf(state, name);
      return address && { redrivable: address.goesTo !== null };
    },

    /** How many messages each queue has, by name. */
    depths: (): Promise<Record<string, QueueDepth>> =>
      readQueueDepths(sqs, Object.fromEntries(Object.entries(queues).map(([name, { url }]) => [name, url]))),

    /** At most `limit` messages (`depths` has their number); of a FIFO queue the first of each device. */
    look: (name: string, limit: number): Promise<DeadLetter[]> => look(state, name, limit),

    /** Sends messages of these ids to the queue that they came from. Throws for a queue whose messages cannot be redriven. */
    redrive: (name: string, ids: Ids): Promise<Handled> => redrive(state, name, ids),

    /** Deletes messages of these ids. */
    async drop(name: string, ids: Ids): Promise<Handled> {
      const address = addressOf(state, name);
      return address ? handle(state, address.url, { ids, each: async () => undefined }) : { handled: [], left: 0 };
    },
  };
}

type Ids = readonly string[] | 'all';

const addressOf = ({ queues }: State, name: string) => (Object.hasOwn(queues, name) ? (queues[name] ?? null) : null);

async function look(state: State, name: string, limit: number): Promise<DeadLetter[]> {
  const address = addressOf(state, name);
  if (!address) return [];
  const found: Message[] = [];
  try {
    for await (const messages of received(state, address.url, limit)) found.push(...messages);
  } finally {
    await makeVisible(state, address.url, found);
  }
  return found.map(({ MessageId = '', Body = '', Attributes = {} }) => ({
    id: MessageId,
    body: Body,
    sentAt: Number(Attributes.SentTimestamp ?? 0),
    receives: Number(Attributes.ApproximateReceiveCount ?? 0),
  }));
}

async function redrive(state: State, name: string, ids: Ids): Promise<Handled> {
  const address = addressOf(state, name);
  if (!address?.goesTo) throw new Error(`Messages of the dead-letter queue "${name}" cannot be sent again.`);
  const QueueUrl = address.goesTo;
  const each = async ({ MessageId, Body, Attributes = {} }: Message) => {
    const group = Attributes.MessageGroupId;
    const fifo = group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: `again-${MessageId}` };
    await state.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: Body, ...fifo }));
  };
  return handle(state, address.url, { ids, each });
}

/** Calls `each` for the messages of these ids, or for all, and deletes them; the others are made visible again. */
async function handle(
  state: State,
  url: string,
  { ids, each }: { ids: Ids; each: (message: Message) => Promise<void> },
): Promise<Handled> {
  const wanted = ids === 'all' ? null : new Set(ids);
  const handled: string[] = [];
  const others: Message[] = [];
  try {
    for await (const messages of received(state, url, mostAtOnce))
      for (const message of messages) {
        if (wanted && !wanted.has(message.MessageId ?? '')) {
          others.push(message);
          continue;
        }
        await each(message);
        await state.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
        handled.push(message.MessageId ?? '');
      }
  } finally {
    await makeVisible(state, url, others);
  }
  const { depth } = await readQueueDepths(state.sqs, { depth: url });
  return { handled, left: (depth?.waiting ?? 0) + (depth?.inWork ?? 0) };
}

/**
 * Receives at most `most` messages, in batches, until the queue is empty. The caller makes those visible again that it does not
 * delete.
 */
async function* received({ sqs }: State, url: string, most: number): AsyncGenerator<Message[]> {
  let seen = 0;
  // One empty response does not prove that the queue is empty (SQS samples its servers): only a second one does.
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

/** Makes messages visible again immediately. */
async function makeVisible({ sqs }: State, url: string, messages: readonly Message[]): Promise<void> {
  for (const some of parts(messages, visibilityBatch)) {
    const Entries = some.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }));
  }
}
