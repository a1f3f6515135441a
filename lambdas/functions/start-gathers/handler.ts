/** Scheduler: every `gatherEveryMinutes`. */
import { randomUUID } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient } from '#adapters/dynamodb/client';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { relayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import { sqsQueue } from '#adapters/queues';
import { relayPresence } from '#adapters/relay-link';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/runtime/environment';
import { startGathers } from './start-gathers.ts';

const environment = parseEnvironment('start-gathers', process.env);
const configuration = loadConfiguration();
const logger = new Logger({ serviceName: 'start-gathers' });
const client = documentClient();

const start = startGathers({
  configuration,
  runs: runStore(client, environment.CONTROL_TABLE),
  sources: sourceStore(client, environment.CONTROL_TABLE),
  settings: settingsStore(client, { control: environment.CONTROL_TABLE, journal: environment.JOURNAL_TABLE }, configuration),
  relayOf: relayPresence(relayLeaseStore(client, environment.CONTROL_TABLE), Date.now),
  gatherQueue: sqsQueue(environment.GATHER_QUEUE_URL),
  now: Date.now,
  unique: () => randomUUID().slice(0, 8),
});

export async function handler(): Promise<void> {
  logger.info('Gathers', { started: await start() });
}
