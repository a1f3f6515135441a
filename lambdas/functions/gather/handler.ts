/** Processes the gather queue: one message is one gather, or the next part of one. Wiring only. */
import { setTimeout as pause } from 'node:timers/promises';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { secretCredentials } from '#adapters/credentials';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { documentClient, meterCapacity } from '#adapters/dynamodb/client';
import { observedDevices } from '#adapters/dynamodb/devices/observed-devices';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { manifestStore } from '#adapters/dynamodb/gather/manifests';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { relayRunStore } from '#adapters/dynamodb/relays/relay-runs';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { evaluationLanes } from '#adapters/evaluations-queue';
import { sqsQueue } from '#adapters/queues';
import { relayLink } from '#adapters/relay-link';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { sockets } from '#adapters/sockets';
import { type TravelerSource, travelerSource } from '#adapters/traveler/source';
import { gatherMessage } from '#domain/messages/queue-messages';
import { parseEnvironment } from '#domain/runtime/environment';
import type { SmartcloudSource } from './dependencies.ts';
import { gather } from './gather.ts';

const environment = parseEnvironment('gather', process.env);
const configuration = loadConfiguration();
const logger = new Logger({ serviceName: 'gather' });
const client = documentClient();
const meter = meterCapacity(client);
const processor = new BatchProcessor(EventType.SQS);
const connected = new Map<string, TravelerSource>();

const gatherOne = gather({
  configuration,
  leases: leaseStore(client, environment.CONTROL_TABLE),
  slots: slotStore(client, environment.CONTROL_TABLE),
  runs: runStore(client, environment.CONTROL_TABLE, environment.JOURNAL_TABLE),
  sources: sourceStore(client, environment.CONTROL_TABLE),
  manifests: manifestStore(client, environment.CONTROL_TABLE),
  timeline: timelineStore(client, environment.JOURNAL_TABLE),
  devices: observedDevices(client, { devices: environment.DEVICES_TABLE, journal: environment.JOURNAL_TABLE }),
  settings: settingsReader(client, environment.CONTROL_TABLE, configuration.settings),
  relayRuns: relayRunStore(client, environment.CONTROL_TABLE),
  link: relayLink({
    leases: relayLeaseStore(client, environment.CONTROL_TABLE),
    post: sockets(environment.SOCKET_ENDPOINT).post,
    now: Date.now,
  }),
  connect,
  gathers: sqsQueue(environment.GATHER_QUEUE_URL),
  evaluations: evaluationLanes(environment),
  units: () => meter.units,
  now: Date.now,
  pause: (ms) => pause(ms),
  every,
  log: (level, message, fields) => logger[level](message, fields),
});

export const handler = (event: SQSEvent, context: Context) =>
  processPartialResponse(event, (record: SQSRecord) => handleRecord(record, context), processor, {
    context,
    throwOnFullBatchFailure: false,
  });

async function handleRecord(record: SQSRecord, context: Context): Promise<void> {
  const message = gatherMessage.parse(JSON.parse(record.body));
  const gathered = await gatherOne(message, { remainingMs: () => context.getRemainingTimeInMillis() });
  logger.info('Gather', { sourceId: message.sourceId, runId: message.runId, gathered });
}

/** One client per source and process, so that its limits hold over all gathers and its connections are reused. */
function connect(source: SmartcloudSource): TravelerSource {
  const known = connected.get(source.id);
  if (known !== undefined) return known;
  const credentials = secretCredentials(source.credentials.secretName);
  const fresh = travelerSource({ baseUrl: source.url, credentials, concurrency: source.concurrency });
  connected.set(source.id, fresh);
  return fresh;
}

function every(ms: number, task: () => void): () => void {
  const timer = setInterval(task, ms);
  return () => clearInterval(timer);
}
