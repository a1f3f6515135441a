/** SQS: fauxqs in this process, reached through the gateway only; it does not listen on a port. */
import { buildApp } from 'fauxqs';
import { z } from 'zod';
import type { QueueResource } from '#infra/emulator/model';
import { openQueueStores } from './queue-store.ts';
import { type Answer, contentTypes } from './wire.ts';

export type Sqs = {
  /** Handles one request of the JSON protocol. Messages received for a caller that is `gone` return to their queue at once. */
  call(request: SqsRequest): Promise<Answer>;
  /** Puts a message in a queue; resolves when it is stored. */
  send(queueArn: string, body: string): Promise<void>;
  stop(): Promise<void>;
};
export type SqsRequest = { target: string; headers: Record<string, string>; body: string; gone?: () => boolean };

const received = z.object({ Messages: z.array(z.object({ ReceiptHandle: z.string() })).default([]) });
const queueUrl = z.object({ QueueUrl: z.string() });

export async function startSqs(dataDir: string, queues: readonly QueueResource[]): Promise<Sqs> {
  const { stores, close } = await openQueueStores(dataDir, queues);
  const app = buildApp({ logger: false, stores, defaultRegion: 'us-east-1' });
  await app.ready();

  async function call({ target, headers, body, gone }: SqsRequest): Promise<Answer> {
    const answered = await app.inject({
      method: 'POST',
      url: '/',
      headers: { ...headers, 'content-type': contentTypes.sqs, 'x-amz-target': target },
      payload: body,
    });
    if (gone?.() && target === 'AmazonSQS.ReceiveMessage' && answered.statusCode === 200) returnMessages(body, answered.payload);
    const queryError = answered.headers['x-amzn-query-error'];
    return {
      status: answered.statusCode,
      headers: {
        'content-type': contentTypes.sqs,
        ...(typeof queryError === 'string' ? { 'x-amzn-query-error': queryError } : {}),
      },
      body: answered.rawPayload,
    };
  }

  function returnMessages(request: string, answer: string): void {
    const queue = stores.sqsStore.getQueue(queueUrl.parse(JSON.parse(request)).QueueUrl);
    for (const { ReceiptHandle } of received.parse(JSON.parse(answer)).Messages) queue?.changeVisibility(ReceiptHandle, 0);
  }

  return {
    call,
    async send(queueArn, body) {
      const queue = stores.sqsStore.getQueueByArn(queueArn);
      if (!queue) throw new Error(`there is no queue ${queueArn}`);
      const answer = await call({
        target: 'AmazonSQS.SendMessage',
        headers: {},
        body: JSON.stringify({ QueueUrl: queue.url, MessageBody: body }),
      });
      if (answer.status !== 200) throw new Error(`${queue.name} refused the message: ${answer.body}`);
    },
    async stop() {
      await app.close();
      close();
    },
  };
}
