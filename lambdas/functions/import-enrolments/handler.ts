/** Scheduler: every `maas360.everyMinutes`; deployed only where MaaS360 is configured. */
import { Logger } from '@aws-lambda-powertools/logger';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '#adapters/dynamodb/client';
import { enrolmentStore } from '#adapters/dynamodb/enrolments';
import { leaseStore } from '#adapters/dynamodb/leases';
import { maas360StateStore } from '#adapters/dynamodb/maas360-state';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { maas360, maas360Credentials } from '#adapters/maas360/maas360';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { secretJson } from '#adapters/secret-text';
import { parseEnvironment } from '#domain/environment';
import { importEnrolments } from './import-enrolments.ts';
import { takingPath } from './taking-path.ts';

const environment = parseEnvironment('import-enrolments', process.env);
const { sources, guard, enrolmentStaleHours, maas360: configuration } = loadConfiguration();
const logger = new Logger({ serviceName: 'import-enrolments' });
const dynamodb = documentClient();
const tables = {
  devices: environment.DEVICES_TABLE,
  enrolments: environment.ENROLMENTS_TABLE,
  journal: environment.JOURNAL_TABLE,
  control: environment.CONTROL_TABLE,
};
const enrolments = enrolmentStore(dynamodb, tables, enrolmentStaleHours);
const evaluations = evaluationsQueue(sqsQueue(environment.EVALUATIONS_QUEUE_URL, new SQSClient({})));
if (!configuration) throw new Error('Function import-enrolments runs without "maas360" in its configuration. Deploy again.');

const run = importEnrolments({
  configuration,
  guard,
  source: maas360({
    configuration,
    credentials: secretJson(maas360Credentials, configuration.credentials.secretName),
  }),
  states: maas360StateStore(dynamodb, tables.control),
  leases: leaseStore(dynamodb, tables.control),
  enrolments,
  ...takingPath({ sources, enrolments, evaluations, now: Date.now }),
  now: Date.now,
});

export async function handler(): Promise<void> {
  logger.info('MaaS360 read', { ...(await run()) });
}
