/** Processes the enrolments queue: complete snapshots, and imports that a person confirmed. Wiring only. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { documentClient } from '#adapters/dynamodb/client';
import { enrolmentBulk } from '#adapters/dynamodb/enrolments/enrolment-bulk';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { snapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { tableNamesOf } from '#adapters/dynamodb/table-names';
import { evaluationsQueue } from '#adapters/evaluations-queue';
import { ringGuard } from '#adapters/metrics';
import { sqsQueue } from '#adapters/queues';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { enrolmentsMessage } from '#domain/messages/queue-messages';
import { parseEnvironment } from '#domain/runtime/environment';
import { applyManyEnrolments } from '#use-cases/enrolments/apply-many-enrolments';
import { applyStaged } from '#use-cases/enrolments/apply-staged';
import { guardRun } from '#use-cases/guard/guard-run';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';

const logger = new Logger({ serviceName: 'take-enrolments' });
const environment = parseEnvironment('take-enrolments', process.env);
const configuration = loadConfiguration();
const client = documentClient();
const tables = tableNamesOf(environment);
const now = Date.now;
const plan = planFleet(planDependencies({ client, tables, configuration, now }));
const guards = guardStore(client, tables);
const rail = guardRun({ plan, guards, limits: configuration.guard, alarm: ringGuard, now });
const take = applyStaged({
  snapshots: snapshotStore(client, tables.control),
  known: rail.known,
  takeMany: applyManyEnrolments({
    sources: configuration.sources,
    bulk: enrolmentBulk(client, tables),
    enrolments: enrolmentStore(client, tables, configuration.enrolmentStaleHours),
    evaluations: evaluationsQueue(sqsQueue(environment.EVALUATIONS_QUEUE_URL)),
    plan,
    rail,
    now,
  }),
});
const processor = new BatchProcessor(EventType.SQS);

async function takeRecord({ body, messageId }: SQSRecord): Promise<void> {
  try {
    const message = enrolmentsMessage.parse(JSON.parse(body));
    const result = await take(message);
    logger.info('Enrolments', { kind: message.kind, ...('guard' in result ? { outcome: result.outcome } : result) });
  } catch (error) {
    logger.error('Enrolments were not taken in and come again', { messageId, error });
    throw error;
  }
}

export const handler = (event: SQSEvent, context: Context) =>
  processPartialResponse(event, takeRecord, processor, { context, throwOnFullBatchFailure: false });
