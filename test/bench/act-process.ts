/**
 * One process of the act function, as Lambda has them: one batch at a time, its own clients, its own view of the slots. Driven by
 * its parent's messages; what found no slot goes back to the parent, as it would to the queue.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { wipeCounts } from '#adapters/dynamodb/actions/wipe-counts';
import { devicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { travelerSource } from '#adapters/traveler/source';
import { type ActionMessage, actionMessage } from '#domain/messages/queue-messages';
import { act } from '#functions/act/act';
import { withBatchedReads } from '#functions/act/batched-reads';
import { type Bounds, processConcurrently } from '#functions/act/concurrency';
import { clientOf, tableNames } from '#test/fixtures/dynamodb';
import { relaySide } from '#test/fixtures/relay-side';
import { sourceId } from '#test/fixtures/spine';
import { answerOf, ended, forked } from './child.ts';

const place = z.object({
  endpoint: z.string(),
  url: z.string(),
  credentials: z.object({ user: z.string(), password: z.string() }),
  concurrency: z.number(),
  name: z.string(),
});
/** `awake`: evaluations that followed; `cpuMs`: processor time of the batch. */
const answer = z.object({ again: z.array(actionMessage), awake: z.number(), cpuMs: z.number() });
export type Answer = z.infer<typeof answer>;
export type ActProcess = { work(batch: readonly ActionMessage[]): Promise<Answer>; stop(): Promise<void> };

const program = fileURLToPath(import.meta.url);

export async function forkAct(given: z.infer<typeof place>): Promise<ActProcess> {
  const { child } = await forked(program, JSON.stringify(given));
  return {
    async work(batch) {
      const done = answerOf(child);
      child.send(batch);
      return answer.parse(await done);
    },
    stop: () => ended(child),
  };
}

function serve({ endpoint, url, credentials, concurrency, name }: z.infer<typeof place>): void {
  const client = clientOf(endpoint);
  const source = travelerSource({ baseUrl: url, credentials: async () => credentials, concurrency });
  let awake = 0;
  const dependencies = withBatchedReads({
    ledger: ledger(client, tableNames),
    devices: devicesForActions(client, tableNames.devices),
    sources: sourceStore(client, tableNames.control),
    reach: () => ({ how: 'direct' as const, source }),
    link: relaySide(client, tableNames.control, Date.now).link,
    wipes: wipeCounts(client, tableNames.control),
    maxWipesPerHour: 10,
    alarm: () => undefined,
    evaluations: {
      async send(messages) {
        awake += messages.length;
      },
    },
    now: Date.now,
    random: Math.random,
    pause: (ms: number) => pause(ms),
  });
  const bounds: Bounds = {
    slots: slotStore(client, tableNames.control),
    limitOf: () => concurrency,
    now: Date.now,
    random: Math.random,
    pause: (ms) => pause(ms),
    full: new Map(),
  };

  async function work(batch: readonly ActionMessage[], nth: number): Promise<Answer> {
    const before = process.cpuUsage();
    const again: ActionMessage[] = [];
    awake = 0;
    const until = Date.now() + 60_000;
    const holder = `${name} ${nth}`;
    const carryOut = act({ ...dependencies, worker: holder });
    await processConcurrently(bounds, {
      records: batch.map(recordOf),
      sourceOf: () => sourceId,
      bulk: true,
      async each({ body, attributes }, { slots }) {
        const message = actionMessage.parse(JSON.parse(body));
        if (slots === null) again.push(message);
        else await carryOut(message, { queuedAt: Number(attributes.SentTimestamp), until, slots });
      },
      onFailure: (_, error) => {
        throw error;
      },
      holder,
      until,
    });
    const { user, system } = process.cpuUsage(before);
    return { again, awake, cpuMs: (user + system) / 1000 };
  }

  let batches = 0;
  process.on('message', async (message) => {
    process.send?.(await work(z.array(actionMessage).parse(message), ++batches));
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

/** No two of the bench's actions are about one device. */
function recordOf(message: ActionMessage): SQSRecord {
  const { actionId } = message;
  const sent = String(Date.now());
  return {
    messageId: actionId,
    receiptHandle: actionId,
    body: JSON.stringify(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: sent,
      SenderId: 'bench',
      ApproximateFirstReceiveTimestamp: sent,
      MessageGroupId: actionId,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'us-east-1',
  };
}

if (process.send !== undefined && process.argv[1] === program) serve(place.parse(JSON.parse(process.argv[2] ?? '')));
