/** How many messages are in our queues, by name; SQS reports approximate numbers. */
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';

export type QueueDepth = { waiting: number; inWork: number; delayed: number };

const attributes = {
  waiting: 'ApproximateNumberOfMessages',
  inWork: 'ApproximateNumberOfMessagesNotVisible',
  delayed: 'ApproximateNumberOfMessagesDelayed',
} as const;

export async function readQueueDepths(
  client: SQSClient,
  urls: Readonly<Record<string, string>>,
): Promise<Record<string, QueueDepth>> {
  const depths = Object.entries(urls).map(async ([name, QueueUrl]) => {
    const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: Object.values(attributes) });
    const { Attributes = {} } = await client.send(command);
    const figure = (key: keyof typeof attributes) => Number(Attributes[attributes[key]] ?? 0);
    return [name, { waiting: figure('waiting'), inWork: figure('inWork'), delayed: figure('delayed') }] as const;
  });
  return Object.fromEntries(await Promise.all(depths));
}
