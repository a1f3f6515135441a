/** Scheduler: every minute. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient } from '#adapters/dynamodb/client';
import { decisionStore } from '#adapters/dynamodb/decisions';
import { enrolmentStore } from '#adapters/dynamodb/enrolments';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/environment';
import { wakeByTime } from './wake-by-time.ts';

const environment = parseEnvironment('wake-by-time', process.env);
const configuration = loadConfiguration();
const logger = new Logger({ serviceName: 'wake-by-time' });
const client = documentClient();
const tables = {
  devices: environment.DEVICES_TABLE,
  enrolments: environment.ENROLMENTS_TABLE,
  journal: environment.JOURNAL_TABLE,
  control: environment.CONTROL_TABLE,
};

const wake = wakeByTime({
  sourceIds: configuration.sources.map(({ id }) => id),
  decisions: decisionStore(client, tables),
  enrolments: enrolmentStore(client, tables, configuration.enrolmentStaleHours),
  evaluations: evaluationsQueue(sqsQueue(environment.EVALUATIONS_QUEUE_URL)),
  now: Date.now,
});

export async function handler(): Promise<void> {
  const woken = await wake();
  if (woken.endings > 0 || woken.feed !== null) logger.info('By time alone', woken);
}
