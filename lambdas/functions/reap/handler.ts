/** Scheduler: every minute. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { actedDevices } from '#adapters/dynamodb/acted-device';
import { documentClient } from '#adapters/dynamodb/client';
import { ledger } from '#adapters/dynamodb/ledger';
import { reapedSources } from '#adapters/dynamodb/reaped-sources';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/environment';
import { reap } from './reap.ts';

const logger = new Logger({ serviceName: 'reap' });
const environment = parseEnvironment('reap', process.env);
const configured = loadConfiguration().sources.map(({ id }) => id);
const client = documentClient();
const tables = {
  actions: environment.ACTIONS_TABLE,
  devices: environment.DEVICES_TABLE,
  journal: environment.JOURNAL_TABLE,
};
const sources = reapedSources(client, environment.CONTROL_TABLE);
const reapAll = reap({
  ledger: ledger(client, tables),
  devices: actedDevices(client, environment.DEVICES_TABLE),
  actions: sqsQueue(environment.ACTIONS_QUEUE_URL),
  evaluations: sqsQueue(environment.EVALUATIONS_QUEUE_URL),
  sources: () => sources.everConfigured(configured),
  now: Date.now,
});

export async function handler(_: unknown, context: Context): Promise<void> {
  const reaped = await reapAll({ remaining: () => context.getRemainingTimeInMillis() });
  if (reaped.expired + reaped.sent > 0) logger.info('Actions found by the clock', reaped);
}
