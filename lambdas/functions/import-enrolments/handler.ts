/** Scheduler: every `maas360.everyMinutes`; deployed only where MaaS360 is configured. */
import { Logger } from '@aws-lambda-powertools/logger';
import { documentClient } from '#adapters/dynamodb/client';
import { enrolmentBulk } from '#adapters/dynamodb/enrolments/enrolment-bulk';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { maas360StateStore } from '#adapters/dynamodb/enrolments/maas360-state';
import { snapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { leaseStore } from '#adapters/dynamodb/gather/leases';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { tableNamesOf } from '#adapters/dynamodb/table-names';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { maas360, maas360Credentials } from '#adapters/maas360/maas360';
import { ringGuard } from '#adapters/metrics';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { secretJson } from '#adapters/secret-text';
import { parseEnvironment } from '#domain/runtime/environment';
import { applyManyEnrolments } from '#use-cases/enrolments/apply-many-enrolments';
import { importEnrolments as importGuarded } from '#use-cases/enrolments/import-enrolments';
import { guardRun } from '#use-cases/guard/guard-run';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';
import { applyPath } from './apply-path.ts';
import { importEnrolments } from './import-enrolments.ts';

const environment = parseEnvironment('import-enrolments', process.env);
const configuration = loadConfiguration();
const { sources, guard, maas360: configured } = configuration;
const logger = new Logger({ serviceName: 'import-enrolments' });
if (!configured) throw new Error('Function import-enrolments runs without "maas360" in its configuration. Deploy again.');

const client = documentClient();
const tables = tableNamesOf(environment);
const now = Date.now;
const enrolments = enrolmentStore(client, tables, configuration.enrolmentStaleHours);
const evaluations = evaluationsQueue(sqsQueue(environment.EVALUATIONS_QUEUE_URL));
const plan = planFleet(planDependencies({ client, tables, configuration, now }));
const rail = guardRun({ plan, guards: guardStore(client, tables), limits: guard, alarm: ringGuard, now });
const bulk = enrolmentBulk(client, tables);
const many = applyManyEnrolments({ sources, bulk, enrolments, evaluations, plan, rail, now });
const snapshots = snapshotStore(client, tables.control);

const run = importEnrolments({
  configuration: configured,
  guard,
  source: maas360({
    configuration: configured,
    credentials: secretJson(maas360Credentials, configured.credentials.secretName),
  }),
  states: maas360StateStore(client, tables.control),
  leases: leaseStore(client, tables.control),
  enrolments,
  ...applyPath({
    sources,
    enrolments,
    evaluations,
    rail,
    takeMany: importGuarded({ takeMany: many, snapshots, known: rail.known, now }),
    now,
  }),
  now,
});

export async function handler(): Promise<void> {
  logger.info('MaaS360 read', { ...(await run()) });
}
