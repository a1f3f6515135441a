/**
 * The Journal table with its stream on a real database, the mapping that reads it, the bus, and a subscriber's queue behind a
 * rule: everything between a written line and the portal, with the function's work done in this process so that it can be killed.
 */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { journalReader } from '#adapters/dynamodb/journal/journal-reader';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { createTableInput, tableDefinitions } from '#adapters/dynamodb/table-definitions';
import { eventBus } from '#adapters/event-bus';
import { type PublishDependencies, publish, type Unreadable } from '#functions/publish/publish-journal';
import { startStreamMapping } from '#infra/emulator/lambda/stream-mapping';
import type { Model, StreamMapping } from '#infra/emulator/model';
import { aFolder, aFunction, allow, aModel, arn, queueArn, startStack } from '#test/emulator/services/stack';
import { clientOf } from '#test/fixtures/dynamodb';

const tableArn = arn('dynamodb', 'table/Journal');
const streamArn = `${tableArn}/stream/local`;
export const journal = 'Journal';

const change = (model: Model): Model => ({
  ...model,
  tables: [
    {
      id: journal,
      name: journal,
      arn: tableArn,
      streamArn,
      definition: createTableInput(tableDefinitions.journal),
      ttlAttribute: null,
    },
  ],
  functions: [
    aFunction('publish', [
      allow(['dynamodb:ListStreams', 'dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'], [streamArn]),
    ]),
  ],
  rules: [
    {
      id: 'Subscriber',
      busName: 'bus',
      pattern: { source: ['extender'] },
      enabled: true,
      targets: [{ id: 'queue', arn: queueArn('lost'), deadLetterArn: null, inputTemplate: null }],
    },
  ],
});

const mapping: StreamMapping = {
  id: 'JournalLines',
  functionArn: arn('lambda', 'function:publish'),
  streamArn,
  batchSize: 100,
  startsAt: 'TRIM_HORIZON',
  reportsItemFailures: true,
  bisects: true,
  retryAttempts: 10_000,
  maximumAgeSeconds: 82_800,
  filters: [{ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'device|' }, { prefix: 'source|' }] } } } }],
  failuresArn: null,
  enabled: true,
};

const records = z.object({ Records: z.array(z.looseObject({ dynamodb: z.looseObject({ SequenceNumber: z.string() }) })) });
const publishedEvent = z.object({
  'detail-type': z.string(),
  source: z.literal('extender'),
  detail: z.looseObject({ eventId: z.string(), deviceId: z.string().optional(), sourceId: z.string().optional() }),
});
export type Published = z.infer<typeof publishedEvent>;

export type Outbox = Awaited<ReturnType<typeof startOutbox>>;

export async function startOutbox() {
  const folder = await aFolder();
  const stack = await startStack(folder.path, { change });
  const client = clientOf(stack.endpoint);
  const { sqs } = stack.as('operator');
  const events = new EventBridgeClient({
    endpoint: stack.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  const rejected: Unreadable[] = [];
  const dependencies: PublishDependencies = {
    chain: chainStore(client, journal),
    bus: eventBus(events, 'bus'),
    setAside: async (unreadable) => void rejected.push(...unreadable),
    log: () => undefined,
  };

  return {
    client,
    rejected,
    dependencies,
    timeline: timelineStore(client, journal),
    reader: journalReader(client, journal),

    /** Reads the stream until stopped. `worker`: whose dependencies an invocation works with; what it throws is a crash. */
    run(worker: () => PublishDependencies = () => dependencies) {
      return startStreamMapping(mapping, {
        model: change(aModel(stack.endpoint)),
        endpoint: stack.endpoint,
        region: 'us-east-1',
        dataDir: folder.path,
        pollMs: 5,
        onProblem: () => undefined,
        async invoke(_, event) {
          const { Records } = records.parse(event);
          const { failed } = await publish(worker())(Records);
          return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
        },
      });
    },

    /** What the subscriber received since the last call, in order. */
    async received(): Promise<Published[]> {
      const found: Published[] = [];
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl: stack.url('lost'), MaxNumberOfMessages: 10 }),
        );
        if (Messages.length === 0) return found;
        found.push(...Messages.map(({ Body = '' }) => publishedEvent.parse(JSON.parse(Body))));
        const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle: ReceiptHandle ?? '' }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: stack.url('lost'), Entries }));
      }
    },

    async stop() {
      events.destroy();
      client.destroy();
      await stack.stop();
      await folder.remove();
    },
  };
}
