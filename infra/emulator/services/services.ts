/** All services of the local stack, from the model, behind one gateway. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Invoke, Model } from '#infra/emulator/model';
import { type Connections, openConnections } from '../socket/connections.ts';
import { socketLimitsFrom } from '../socket/limits.ts';
import { region } from '../template/intrinsics.ts';
import { connectionCalls } from './connection-calls.ts';
import { forwardTo } from './dynamodb.ts';
import { type Dynoxide, startDynoxide } from './dynoxide.ts';
import { eventBus } from './event-bus.ts';
import { startGateway } from './gateway.ts';
import { generate } from './generate-secret.ts';
import { localMail } from './mail.ts';
import { dynamodbNeeds, eventsNeeds, sqsNeeds } from './required-permissions.ts';
import { openSecrets } from './secrets.ts';
import { startSqs } from './sqs.ts';
import { ensureTables } from './tables.ts';
import { startSweeping } from './time-to-live.ts';

export type ServiceOptions = {
  /** Used by this stack only: the caller holds its lock. */
  dataDir: string;
  /** `http://127.0.0.1:port`, the same as when the template was read: queue URLs begin with it. */
  endpoint: string;
  invoke: Invoke;
  /** Another DynamoDB-compatible server; by default dynoxide is started. */
  dynamodbEndpoint?: string | undefined;
  onProblem?: (message: string) => void;
  /** Open WebSockets, which functions use; if missing, every connection counts as gone. */
  connections?: Connections;
  /** Called right before the gateway listens: frees the port that was reserved for it. */
  releasePort?: () => Promise<void>;
};
export type Services = {
  endpoints: { dynamodb: string; sqs: string; events: string; secretsmanager: string; ses: string };
  seedSecret(name: string, value: string): Promise<void>;
  operatorCredentials: { accessKeyId: string; secretAccessKey: string };
  stop(): Promise<void>;
};

export const operatorCredentials = { accessKeyId: 'operator', secretAccessKey: 'local' };

/** Resolves when everything responds and every table and queue exists. If anything fails, what was started is stopped. */
export async function startServices(model: Model, options: ServiceOptions): Promise<Services> {
  const { dataDir, endpoint, invoke, onProblem = console.error } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const one of stops.reverse().splice(0)) await one();
  };
  try {
    const folder = join(dataDir, 'services');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const database = await databaseOf(options, { folder, onProblem });
    stops.push(database.stop);
    const forward = forwardTo(database.endpoint);
    stops.push(forward.stop);
    const secrets = openSecrets(folder, model.secrets);
    for (const { name, generated } of model.secrets) if (generated) await secrets.ensure(name, () => generate(generated));
    const sockets = connectionCalls(model.socketApis, options.connections ?? openConnections(socketLimitsFrom({})));
    const mail = localMail(join(dataDir, 'mail'));
    const sqs = await startSqs(folder, model.queues);
    stops.push(sqs.stop);
    const bus = eventBus({ model, send: sqs.send, invoke, onProblem });
    await options.releasePort?.();
    const gateway = await startGateway({
      port: Number(new URL(endpoint).port),
      functions: model.functions,
      backends: {
        dynamodb: { needs: (operation, body) => dynamodbNeeds(operation, body, model), call: forward.call },
        sqs: {
          needs: (operation, body) => sqsNeeds(operation, body, model),
          call: ({ target, headers, body, gone }) =>
            sqs.call({ target, headers: signed(headers), body: body.toString('utf8'), gone }),
        },
        events: { needs: eventsNeeds, call: async ({ operation, body }) => bus.call(operation, parse(body)) },
        connections: { needs: sockets.needs, call: sockets.call },
        ses: { needs: mail.needs, call: async ({ operation, body }) => mail.call(operation, parse(body)) },
        secretsmanager: { needs: secrets.needs, call: ({ operation, body }) => secrets.call(operation, parse(body)) },
      },
    });
    stops.push(gateway.stop);
    const client = new DynamoDBClient({ endpoint, region, credentials: operatorCredentials });
    stops.push(async () => client.destroy());
    await ensureTables(client, model.tables);
    stops.push(startSweeping(client, model.tables, onProblem));
    return {
      endpoints: { dynamodb: endpoint, sqs: endpoint, events: endpoint, secretsmanager: endpoint, ses: endpoint },
      seedSecret: secrets.seed,
      operatorCredentials,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type DatabaseContext = { folder: string; onProblem: (message: string) => void };

async function databaseOf(
  { dynamodbEndpoint = process.env.DYNAMODB_ENDPOINT }: ServiceOptions,
  context: DatabaseContext,
): Promise<Dynoxide> {
  if (!dynamodbEndpoint) return startDynoxide(context.folder, context.onProblem);
  const { origin } = new URL(dynamodbEndpoint);
  return { endpoint: async () => origin, stop: async () => undefined };
}

/** The region in the caller's signature determines the queue. */
function signed({ authorization = '' }: Record<string, string>): Record<string, string> {
  return { authorization };
}

function parse(body: Buffer): unknown {
  return JSON.parse(body.toString('utf8') || '{}');
}
