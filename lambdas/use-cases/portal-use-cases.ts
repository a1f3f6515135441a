/** What callers can request, by event or over the API: the use cases with their real stores and queues. */
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
import { type SnapshotStore, snapshotStore } from '#adapters/dynamodb/enrolments/snapshots';
import { runStore } from '#adapters/dynamodb/gather/runs';
import { guardStore } from '#adapters/dynamodb/guards/guards';
import { timelineStore } from '#adapters/dynamodb/journal/timeline';
import { settingsStore } from '#adapters/dynamodb/settings/settings-store';
import { evaluationLanes, evaluationsQueue } from '#adapters/evaluations-queue';
import { ringGuard } from '#adapters/metrics';
import { type Queue, sqsQueue } from '#adapters/queues';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import type { EnvironmentOf } from '#domain/runtime/environment';
import { requestAction } from '#use-cases/actions/request-action';
import { withdrawDecision } from '#use-cases/actions/withdraw-decision';
import { applyEnrolments } from '#use-cases/enrolments/apply-enrolments';
import { type ApplyManyDependencies, applyManyEnrolments } from '#use-cases/enrolments/apply-many-enrolments';
import { applyStaged } from '#use-cases/enrolments/apply-staged';
import { importEnrolments } from '#use-cases/enrolments/import-enrolments';
import { requeueStaged } from '#use-cases/enrolments/requeue-staged';
import { stageSnapshot } from '#use-cases/enrolments/stage-snapshot';
import { requestGather } from '#use-cases/gathers/request-gather';
import { type GuardRun, guardRun } from '#use-cases/guard/guard-run';
import { decideGuard } from '#use-cases/guard-decisions/decide-guard';
import { confirmLink } from '#use-cases/links/confirm-link';
import { planFleet } from '#use-cases/plan/plan';
import { planDependencies } from '#use-cases/plan/plan-stores';
import { publishSettings } from '#use-cases/settings/publish-settings';

export type Clients = { dynamodb: DocumentClient; sqs: SQSClient; now?: () => number };
export type Requests = ReturnType<typeof requestsOf>;
type Environment = Omit<EnvironmentOf<'portal-events'>, 'PORTAL_EVENTS_QUEUE_URL'>;

export function requestsOf(
  environment: Environment,
  configuration: RuntimeConfiguration,
  { dynamodb, sqs, now = Date.now }: Clients,
) {
  const tables = tablesOf(environment);
  const { sources } = configuration;
  const stores = storesOf(tables, configuration, dynamodb);
  const { devices, enrolments, settings, runs, timeline, decisions, links, ledger: actions } = stores;
  const evaluations = evaluationsQueue(evaluationLanes(environment, sqs));
  const plan = planFleet(planDependencies({ client: dynamodb, tables, configuration, now }));
  const guards = guardStore(dynamodb, tables);
  const rail = guardRun({ plan, guards, limits: configuration.guard, alarm: ringGuard, now });
  const enrolmentsQueue = sqsQueue(environment.ENROLMENTS_QUEUE_URL, sqs);
  const gather = requestGather({ sources, runs, gatherQueue: sqsQueue(environment.GATHER_QUEUE_URL, sqs) });
  const publish = publishSettings({ sources, settings, rail, requestGather: gather, evaluations, now });
  const staged = requeueStaged(enrolmentsQueue);
  const findDevice = devices.getDevice;

  return {
    stores,
    now,
    newId: () => randomUUID(),
    evaluations,
    decisions,
    timeline,
    takeEnrolments: applyEnrolments({ sources, enrolments, evaluations, rail, now }),
    ...enrolmentRequests({
      many: { sources, bulk: enrolmentBulk(dynamodb, tables), enrolments, evaluations, plan, rail, now },
      ...{ snapshots: snapshotStore(dynamodb, tables.control), enrolmentsQueue, known: rail.known },
    }),
    plan,
    guards,
    guardLimits: configuration.guard,
    decideGuard: decideGuard({
      ...{ guards, plan, evaluations, now, publishSettings: publish, enrolments: staged, ledger: actions },
    }),
    requestGather: gather,
    publishSettings: publish,
    withdrawDecision: withdrawDecision({ findDevice, decisions, ledger: actions, evaluations, now }),
    confirmLink: confirmLink({ links, evaluations }),
    requestAction: requestAction({
      ...{ findDevice, decisions, evaluations, now, ledger: actions, actionQueue: actionLanes(environment, sqs) },
    }),
  };
}

const tablesOf = (environment: Environment) => ({
  devices: environment.DEVICES_TABLE,
  enrolments: environment.ENROLMENTS_TABLE,
  actions: environment.ACTIONS_TABLE,
  control: environment.CONTROL_TABLE,
  journal: environment.JOURNAL_TABLE,
});

function storesOf(tables: ReturnType<typeof tablesOf>, configuration: RuntimeConfiguration, dynamodb: DocumentClient) {
  return {
    devices: deviceStore(dynamodb, tables.devices),
    enrolments: enrolmentStore(dynamodb, tables, configuration.enrolmentStaleHours),
    settings: settingsStore(dynamodb, tables, configuration),
    runs: runStore(dynamodb, tables.control),
    timeline: timelineStore(dynamodb, tables.journal),
    decisions: decisionStore(dynamodb, tables),
    links: linkStore(dynamodb, tables),
    ledger: ledger(dynamodb, tables),
  };
}

type EnrolmentRequestDependencies = {
  many: ApplyManyDependencies;
  snapshots: SnapshotStore;
  enrolmentsQueue: Queue;
  known: GuardRun['known'];
};

/** Snapshots and imports: staged, and applied as a whole. */
function enrolmentRequests({ many, snapshots, enrolmentsQueue, known }: EnrolmentRequestDependencies) {
  const takeMany = applyManyEnrolments(many);
  return {
    takeSnapshot: stageSnapshot({ snapshots, enrolmentsQueue }),
    takeWaiting: applyStaged({ snapshots, takeMany, known }),
    importEnrolments: importEnrolments({ takeMany, snapshots, known, now: many.now }),
  };
}
