/** Scheduler: every minute. Wiring only. */
import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretVersion } from '#adapters/credentials';
import { documentClient } from '#adapters/dynamodb/client';
import { decisionStore } from '#adapters/dynamodb/devices/decisions';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { parseEnvironment } from '#domain/runtime/environment';
import { requestGather } from '#use-cases/gathers/request-gather';
import { tryCorrected } from './corrected-secrets.ts';
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

const secrets = new SecretsManagerClient({});
const retry = tryCorrected({
  configured: configuration.sources,
  sources: sourceStore(client, environment.CONTROL_TABLE),
  versionOf: (secretName) =>
    secretVersion(secretName, secrets).catch((error: unknown) => {
      logger.warn('A secret could not be looked at', { secretName, error });
      return null;
    }),
  requestGather: requestGather({
    sources: configuration.sources,
    runs: runStore(client, environment.CONTROL_TABLE),
    gatherQueue: sqsQueue(environment.GATHER_QUEUE_URL),
  }),
  now: Date.now,
});

export async function handler(): Promise<void> {
  const [woken, tried] = await Promise.all([wake(), retry()]);
  if (tried.length > 0) logger.info('Secrets that were turned away have been changed: a gather tries them', { tried });
  if (woken.endings > 0 || woken.feed !== null) logger.info('By time alone', woken);
}
