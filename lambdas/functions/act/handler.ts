/** Processes the action queue (FIFO, one group per device). Wiring only. */
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { secretCredentials } from '#adapters/credentials';
import { slotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { wipeCounts } from '#adapters/dynamodb/actions/wipe-counts';
import { documentClient } from '#adapters/dynamodb/client';
import { devicesForActions } from '#adapters/dynamodb/devices/action-devices';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { evaluationLanes } from '#adapters/evaluations-queue';
import { ringSourcePaused } from '#adapters/metrics';
import { relayLink } from '#adapters/relay-link';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { sockets } from '#adapters/sockets';
import { travelerSource } from '#adapters/traveler/source';
import { actionMessage } from '#domain/messages/queue-messages';
import { concurrencyOf } from '#domain/runtime/configuration';
import { parseEnvironment } from '#domain/runtime/environment';
import { act } from './act.ts';
import { withBatchedReads } from './batched-reads.ts';
import { type Bounds, processConcurrently } from './concurrency.ts';
import { sourceAccess } from './source-access.ts';

const logger = new Logger({ serviceName: 'act' });
const environment = parseEnvironment('act', process.env);
const configuration = loadConfiguration();
const client = documentClient();
const dependencies = withBatchedReads({
  ledger: ledger(client, {
    actions: environment.ACTIONS_TABLE,
    devices: environment.DEVICES_TABLE,
    journal: environment.JOURNAL_TABLE,
  }),
  devices: devicesForActions(client, environment.DEVICES_TABLE),
  sources: sourceStore(client, environment.CONTROL_TABLE),
  reach: sourceAccess(configuration.sources, { open: travelerSource, credentialsOf: secretCredentials }),
  link: relayLink({
    leases: relayLeaseStore(client, environment.CONTROL_TABLE),
    post: sockets(environment.SOCKET_ENDPOINT).post,
    now: Date.now,
  }),
  wipes: wipeCounts(client, environment.CONTROL_TABLE),
  maxWipesPerHour: configuration.guard.maxWipesPerHour,
  alarm: (says: string, fields: Record<string, unknown>) => {
    logger.error(says, { alarm: 'source-paused', ...fields });
    ringSourcePaused();
  },
  evaluations: evaluationLanes(environment),
  now: Date.now,
  random: Math.random,
  pause: (ms: number) => pause(ms),
});

const limits = new Map(configuration.sources.map((one) => [one.id, concurrencyOf(one)]));
const bounds: Bounds = {
  slots: slotStore(client, environment.CONTROL_TABLE),
  limitOf: (sourceId) => limits.get(sourceId) ?? null,
  now: Date.now,
  random: Math.random,
  pause: (ms) => pause(ms),
  full: new Map(),
};

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const until = Date.now() + context.getRemainingTimeInMillis();
  const messages = new Map(event.Records.map((record) => [record, messageOf(record.body)]));
  const carryOut = act({ ...dependencies, worker: context.awsRequestId });
  return processConcurrently(bounds, {
    records: event.Records,
    sourceOf: (record) => messages.get(record)?.sourceId ?? '',
    bulk: event.Records.every((record) => messages.get(record)?.bulk),
    each: async (record, { slots }) =>
      carryOut(messages.get(record) ?? actionMessage.parse(JSON.parse(record.body)), {
        queuedAt: Number(record.attributes.SentTimestamp),
        until,
        slots,
      }),
    onFailure: ({ messageId }, error) =>
      logger.error('An action could not be worked on and is redelivered', { messageId, error }),
    holder: context.awsRequestId,
    until,
  });
}

/** Undefined for an invalid message: carrying it out then throws the reason. */
const messageOf = (body: string) => actionMessage.safeParse(safeJson(body)).data;

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
