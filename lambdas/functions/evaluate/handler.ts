/** Processes the evaluations queue. Wiring only. */
import { setTimeout as pause } from 'node:timers/promises';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { actionLanes } from '#adapters/action-queue';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import { documentClient } from '#adapters/dynamodb/client';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { userStore } from '#adapters/dynamodb/devices/users';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { sourceStore } from '#adapters/dynamodb/gather/sources';
import { assessmentStore } from '#adapters/dynamodb/guards/assessments';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { settingsReader } from '#adapters/dynamodb/settings/settings-reader';
import { tableNamesOf } from '#adapters/dynamodb/table-names';
import { evaluationLanes } from '#adapters/evaluations-queue';
import { ringGuard } from '#adapters/metrics';
import { loadConfiguration } from '#adapters/runtime-configuration';
import { evaluationMessage } from '#domain/messages/queue-messages';
import { parseEnvironment } from '#domain/runtime/environment';
import { assessRun } from '#use-cases/guard/assess-run';
import { guardRun } from '#use-cases/guard/guard-run';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';
import type { EvaluateDependencies } from './dependencies.ts';
import { evaluateBatch } from './evaluate.ts';

const logger = new Logger({ serviceName: 'evaluate' });
const environment = parseEnvironment('evaluate', process.env);
const configuration = loadConfiguration();
const client = documentClient();
const tables = tableNamesOf(environment);
const enforcement = new Map(configuration.sources.map((source) => [source.id, source.enforcement]));
const planning = planDependencies({ client, tables, configuration, now: Date.now });
const plan = planFleet(planning);
const guards = guardStore(client, tables);
const evaluations = evaluationLanes(environment);
const dependencies: EvaluateDependencies = {
  guard: assessRun({
    users: userStore(client, tables),
    ledger: planning.ledger,
    now: Date.now,
    rail: guardRun({ plan, guards, limits: configuration.guard, alarm: ringGuard, now: Date.now }),
    guards,
    limits: configuration.guard,
    assessments: assessmentStore(client, tables.control),
    enrolments: enrolmentStore(client, tables, configuration.enrolmentStaleHours),
    evaluations,
    alarm: ringGuard,
  }),
  users: userStore(client, tables),
  enrolments: enrolmentStore(client, tables, configuration.enrolmentStaleHours),
  settings: settingsReader(client, tables.control, configuration.settings),
  sources: sourceStore(client, tables.control),
  devices: deviceStore(client, tables.devices),
  ledger: ledger(client, tables),
  actions: actionLanes(environment),
  evaluations,
  enforcementOf: (sourceId) => enforcement.get(sourceId) ?? null,
  now: Date.now,
  random: Math.random,
  pause: (ms) => pause(ms),
};

export function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const evaluate = evaluateBatch(dependencies, { remaining: () => context.getRemainingTimeInMillis() });
  const one = async ({ body, messageId }: SQSRecord): Promise<void> => {
    try {
      await evaluate(evaluationMessage.parse(JSON.parse(body)));
    } catch (error) {
      logger.error('An evaluation failed and comes again', { messageId, error });
      throw error;
    }
  };
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(event, one, processor, { context, throwOnFullBatchFailure: false });
}
