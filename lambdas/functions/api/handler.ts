/** Wiring: the API on API Gateway's payload format 2.0. */
// Must be the first import: it adds `openapi` to schemas, but only to those created after it is loaded.
import '@hono/zod-openapi';

import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import { deadLetterQueues, deadLetters } from '#adapters/dead-letters';
import { bulkStore } from '#adapters/dynamodb/actions/bulks';
import { documentClient } from '#adapters/dynamodb/client';
import { fleetCounts } from '#adapters/dynamodb/devices/fleet-counts';
import { maas360StateStore } from '#adapters/dynamodb/enrolments/maas360-state';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { chainStore } from '#adapters/dynamodb/journal/hash-chain';
import { journalReader } from '#adapters/dynamodb/journal/journal-reader';
import { noticeStore } from '#adapters/dynamodb/journal/notices';
import { uploadStore } from '#adapters/dynamodb/journal/uploads';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { relayStore } from '#adapters/dynamodb/relays/relays';
import { readQueueDepths } from '#adapters/queue-depths';
import { sqsQueue } from '#adapters/queues';
import { newToken } from '#adapters/relay-token';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { sockets } from '#adapters/sockets';
import { parseEnvironment } from '#domain/runtime/environment';
import { bulkRequests } from '#use-cases/actions/stage-bulk';
import { requestsOf } from '#use-cases/portal-use-cases';
import { createApi, onGateway } from './api.ts';
import { readOverview } from './overview.ts';
import { readServices } from './service-status.ts';
import { readStatus } from './status.ts';

const environment = parseEnvironment('api', process.env);
const configuration = loadConfiguration();
const logger = new Logger({ serviceName: 'api' });
const sqs = new SQSClient({});
const dynamodb = documentClient();
const requests = requestsOf(environment, configuration, { dynamodb, sqs });
const sources = sourceStore(dynamodb, environment.CONTROL_TABLE);
const queues = {
  gather: environment.GATHER_QUEUE_URL,
  evaluations: environment.EVALUATIONS_QUEUE_URL,
  bulkEvaluations: environment.BULK_EVALUATIONS_QUEUE_URL,
  actions: environment.ACTIONS_QUEUE_URL,
  bulkActions: environment.BULK_ACTIONS_QUEUE_URL,
};
const tables = { control: environment.CONTROL_TABLE, actions: environment.ACTIONS_TABLE };
const relays = relayStore(dynamodb, environment.CONTROL_TABLE);
const leases = relayLeaseStore(dynamodb, environment.CONTROL_TABLE);
const api = createApi({
  ...requests,
  bulks: bulkRequests({
    bulks: bulkStore(dynamodb, tables),
    bulkQueue: sqsQueue(environment.BULKS_QUEUE_URL, sqs),
    now: requests.now,
  }),
  deadLetters: deadLetters(sqs, deadLetterQueues.parse(JSON.parse(environment.DEAD_LETTERS))),
  journal: journalReader(dynamodb, environment.JOURNAL_TABLE),
  relays: {
    store: relays,
    leases,
    sources: configuration.sources,
    cloudUrl: environment.CONSOLE_URL,
    newToken,
    cut: sockets(environment.SOCKET_ENDPOINT).cut,
  },
  sourceIds: configuration.sources.map(({ id }) => id),
  readSource: sources.read,
  readStatus: readStatus({
    configured: configuration.sources,
    ...requests.stores,
    guards: requests.guards,
    sources,
    relays: { relays, leases },
    services: readServices({
      configuration,
      settings: requests.stores.settings,
      chain: chainStore(dynamodb, environment.JOURNAL_TABLE),
      uploads: uploadStore(dynamodb, environment.CONTROL_TABLE, configuration.portal?.url ?? ''),
      notices: noticeStore(dynamodb, environment.CONTROL_TABLE),
      maas360: maas360StateStore(dynamodb, environment.CONTROL_TABLE),
      now: requests.now,
    }),
    queueDepths: () => readQueueDepths(sqs, queues),
    now: requests.now,
  }),
  readOverview: readOverview({
    count: fleetCounts(dynamodb, { devices: environment.DEVICES_TABLE, actions: environment.ACTIONS_TABLE }),
    ledger: requests.stores.ledger,
    now: requests.now,
  }),
  serverUrl: environment.API_STAGE || '/',
  logError: (message, error) => logger.error(message, { error }),
});

export const handler = onGateway(api);
