/** What outsiders may ask for, by event or over the API: the use cases on their real stores and queues. */
import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { actionLanes } from '#adapters/action-queue';
import { ledger } from '#adapters/dynamodb/actions/ledger';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { decisionStore } from '#adapters/dynamodb/devices/decisions';
import { deviceStore } from '#adapters/dynamodb/devices/devices';
import { linkStore } from '#adapters/dynamodb/devices/links';
import { enrolmentBulk } from '#adapters/dynamodb/enrolments/enrolment-bulk';
import { enrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import { snapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { guardStore } from '#adapters/dynamodb/settings/guards';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import { evaluationLanes, evaluationsQueue } from '#adapters/evaluations-queue';
import { ringGuard } from '#adapters/metrics';
import { sqsQueue } from '#adapters/queues';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { EnvironmentOf } from '#domain/runtime/environment';
import { requestAction } from '#use-cases/actions/request-action';
import { withdrawDecision } from '#use-cases/actions/withdraw-decision';
import { applyEnrolments } from '#use-cases/enrolments/apply-enrolment';
import { applyManyEnrolments } from '#use-cases/enrolments/apply-enrolments';
import { applyStaged } from '#use-cases/enrolments/apply-staged';
import { importEnrolments } from '#use-cases/enrolments/import-enrolments';
import { requeueStaged } from '#use-cases/enrolments/requeue-staged';
import { stageSnapshot } from '#use-cases/enrolments/stage-snapshot';
import { requestGather } from '#use-cases/gathers/request-gather';
import { guardRun } from '#use-cases/guard/guard-run';
import { decideGuard } from '#use-cases/guard-decisions/decide-guard';
import { confirmLink } from '#use-cases/links/confirm-link';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';
import { publishSettings } from '#use-cases/settings/publish-settings';

export type Clients = { dynamodb: DocumentClient; sqs: SQSClient; now?: () => number };
export type Requests = ReturnType<typeof requestsOf>;

export function requestsOf(
  environment: Omit<EnvironmentOf<'portal-events'>, 'PORTAL_EVENTS_QUEUE_URL'>,
  configuration: RuntimeConfiguration,
  { dynamodb, sqs, now = Date.now }: Clients,
) {
  const tables = {
    devices: environment.DEVICES_TABLE,
    enrolments: environment.ENROLMENTS_TABLE,
    actions: environment.ACTIONS_TABLE,
    control: environment.CONTROL_TABLE,
    journal: environment.JOURNAL_TABLE,
  };
  const { sources } = configuration;
  const devices = deviceStore(dynamodb, tables.devices);
  const enrolments = enrolmentStore(dynamodb, tables, configuration.enrolmentStaleHours);
  const settings = settingsStore(dynamodb, tables, configuration);
  const runs = runStore(dynamodb, tables.control);
  const timeline = timelineStore(dynamodb, tables.journal);
  const decisions = decisionStore(dynamodb, tables);
  const links = linkStore(dynamodb, tables);
  const actions = ledger(dynamodb, tables);
  const evaluations = evaluationsQueue(evaluationLanes(environment, sqs));
  const actionQueue = actionLanes(environment, sqs);
  const planning = planDependencies({ client: dynamodb, tables, configuration, now });
  const plan = planFleet(planning);
  const guards = guardStore(dynamodb, tables);
  const rail = guardRun({ plan, guards, limits: configuration.guard, alarm: ringGuard, now });
  const bulk = enrolmentBulk(dynamodb, tables);
  const many = applyManyEnrolments({ sources, bulk, enrolments, evaluations, plan, rail, now });
  const enrolmentsQueue = sqsQueue(environment.ENROLMENTS_QUEUE_URL, sqs);
  const gather = requestGather({ sources, runs, gatherQueue: sqsQueue(environment.GATHER_QUEUE_URL, sqs) });
  const take = applyEnrolments({ sources, enrolments, evaluations, rail, now });
  const publish = publishSettings({ sources, settings, rail, requestGather: gather, evaluations, now });
  const snapshots = snapshotStore(dynamodb, tables.control);

  return {
    stores: { devices, enrolments, settings, runs, timeline, decisions, links, ledger: actions },
    now,
    newId: () => randomUUID(),
    evaluations,
    decisions,
    timeline,
    takeEnrolments: take,
    takeSnapshot: stageSnapshot({ snapshots, enrolmentsQueue }),
    takeWaiting: applyStaged({ snapshots, takeMany: many, known: rail.known }),
    importEnrolments: importEnrolments({ takeMany: many, snapshots, known: rail.known, now }),
    plan,
    guards,
    guardLimits: configuration.guard,
    decideGuard: decideGuard({
      guards,
      publishSettings: publish,
      enrolments: requeueStaged(enrolmentsQueue),
      plan,
      ledger: actions,
      evaluations,
      now,
    }),
    requestGather: gather,
    publishSettings: publish,
    withdrawDecision: withdrawDecision({ findDevice: devices.getDevice, decisions, ledger: actions, evaluations, now }),
    confirmLink: confirmLink({ links, evaluations }),
    requestAction: requestAction({
      findDevice: devices.getDevice,
      ledger: actions,
      decisions,
      actionQueue,
      evaluations,
      now,
    }),
  };
}
