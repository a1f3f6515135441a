/**
 * What may be replaced: queues, functions, schedule, rule and API. Removing this stack stops the product and loses only what
 * lies in its queues: the next gather and the portal's next snapshot bring it back. Mail goes on meanwhile.
 */
import { CfnOutput, Duration, Lazy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type RuntimeConfiguration, secretNameOf } from '#domain/runtime/configuration';
import { type EnvironmentOf, type FunctionName, functionVariables } from '#domain/runtime/environment';
import { metricNames, metricNamespace } from '#domain/runtime/metrics';
import { alarmPeriod, createAlarm } from './alarm.ts';
import { ExtenderFunction } from './extender-function.ts';
import { functionSpecs, queueSpecs } from './function-specs.ts';
import { createHttpApi, issuerOf } from './http-api.ts';
import { createJournalOutbox } from './journal-outbox.ts';
import { type QueueName, statementsOf } from './permissions.ts';
import { createSchedule, schedulesOf } from './schedule.ts';
import { createSocketApi } from './socket-api.ts';
import type { StateStack } from './state-stack.ts';
import { createDeadLetterQueue, WorkQueue } from './work-queue.ts';

/** Folder of each function's bundle. */
export type Bundles = { [F in FunctionName]: string };
export type ServiceStackProps = StackProps & { configuration: RuntimeConfiguration; state: StateStack; bundles: Bundles };
type Queues = { [Q in QueueName]: Queue };
/** `goesTo`: the queue that its messages are sent to again; null for what only the next occasion repeats. */
type DeadLetters = { [name: string]: { queue: Queue; goesTo: Queue | null } };
type MakeFunction = <F extends FunctionName>(id: string, name: F, deadLetters?: Queue) => ExtenderFunction<F>['function'];

/** On the product's own figures: what no queue or function shows by itself. */
const ownAlarms = [
  {
    id: 'GuardTripped',
    metricName: metricNames.guardTripped,
    says: 'The guard stopped a run that would have taken access from too many devices. It waits for a person: look at the guards in the console, confirm or reject.',
  },
  {
    id: 'SourcePaused',
    metricName: metricNames.sourcePaused,
    says: 'A source turns our credentials away, cannot be reached or asks for patience: its actions wait. The status page says which source, why, and what to do; they go out by themselves once it is well.',
  },
  {
    id: 'RelayAway',
    metricName: metricNames.relayAway,
    says: 'A source on premises has had no relay for minutes: it is neither read nor acted on, and mail goes on. Look at the relays in the console; on the machine near Domino, relay doctor names what is wrong.',
  },
] as const;

export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, { configuration, state, bundles, ...props }: ServiceStackProps) {
    super(scope, id, props);
    const notify = new Topic(this, 'Alarms', { displayName: 'Traveler Extender alarms', enforceSSL: true });
    const { queues, deadLetters: given } = createQueues(this, notify);
    const scheduled = schedulesOf(configuration).map((one) => {
      const { breaks } = functionSpecs[one.name];
      return { ...one, deadLetters: createDeadLetterQueue(this, `${one.id}ScheduleDeadLetters`, { breaks, notify }) };
    });
    const portalRule = createDeadLetterQueue(this, 'PortalRuleDeadLetters', {
      breaks: 'Events of the portal did not even reach their queue: enrolments, actions or settings are missing.',
      notify,
    });
    const unpublished = createDeadLetterQueue(this, 'UnpublishedJournal', { breaks: functionSpecs.publish.breaks, notify });
    const givenUp: DeadLetters = {
      ...given,
      ...Object.fromEntries(scheduled.map((one) => [one.key, { queue: one.deadLetters, goesTo: null }])),
      portalRule: { queue: portalRule, goesTo: queues.portalEvents },
      unpublishedJournal: { queue: unpublished, goesTo: null },
    };
    const socketApi = createSocketApi(this);
    const relays = {
      SOCKET_URL: socketApi.url,
      SOCKET_ENDPOINT: socketApi.managementUrl,
      RELAY_SECRET: state.relaySecret.secretName,
    };
    const outbox = { BUS_NAME: state.bus.eventBusName, UNPUBLISHED_QUEUE_URL: unpublished.queueUrl };
    const takes = { PORTAL_EVENTS_QUEUE_URL: queues.portalEvents.queueUrl };
    const values = {
      ...environmentValues(state, queues),
      ...outbox,
      ...takes,
      ...relays,
      DEAD_LETTERS: this.toJsonString(addresses(givenUp)),
    };
    // Known once the API is there, which needs some of the functions.
    const consoleUrl = Lazy.string({ produce: () => http.apiEndpoint });
    const signIn = {
      CLIENT_ID: Lazy.string({ produce: () => client.userPoolClientId }),
      TOKEN_ISSUER: issuerOf(state.users),
      SIGN_IN_DOMAIN: state.signIn.domainName,
    };
    const secretNames = secretNamesOf(configuration);
    const make: MakeFunction = (constructId, name, deadLetters) =>
      new ExtenderFunction(this, constructId, {
        name,
        ...functionSpecs[name],
        bundle: bundles[name],
        environment: pick({ ...values, ...signIn, CONSOLE_URL: consoleUrl }, name),
        statements: statementsOf(name, {
          tables: state.tables,
          queues,
          deadLetters: Object.values(givenUp).map(({ queue }) => queue),
          bus: state.bus,
          unpublished,
          secretNames,
          secretsOf: secretsOf(configuration),
          mailFrom: configuration.mail?.from ?? null,
          manageConnections: socketApi.manages,
          relaySecret: state.relaySecret,
        }),
        notify,
        ...(deadLetters ? { deadLetters } : {}),
      }).function;

    connect('gather', queues, make('Gather', 'gather'));
    const evaluate = make('Evaluate', 'evaluate');
    connect('evaluations', queues, evaluate);
    connect('bulkEvaluations', queues, evaluate, 'BulkMessages');
    const act = make('Act', 'act');
    connect('actions', queues, act);
    connect('bulkActions', queues, act, 'BulkMessages');
    connect('portalEvents', queues, make('PortalEvents', 'portal-events'));
    connect('enrolments', queues, make('TakeEnrolments', 'take-enrolments'));
    connect('bulks', queues, make('Bulk', 'bulk'));
    for (const { id, construct, name, everyMinutes, deadLetters } of scheduled) {
      const starts = make(construct, name, deadLetters);
      createSchedule(this, `${id}Schedule`, { says: name, everyMinutes, starts, deadLetters });
    }
    this.takeEvents(state, queues.portalEvents, portalRule);
    const { journal } = state.tables;
    const { breaks } = functionSpecs.publish;
    createJournalOutbox(this, { journal, worker: make('Publish', 'publish'), unpublished, breaks, notify });
    for (const { id, metricName, says } of ownAlarms)
      createAlarm(this, id, {
        metric: new Metric({ namespace: metricNamespace, metricName, statistic: Stats.SUM, period: alarmPeriod }),
        threshold: 1,
        says,
        notify,
      });
    const { http, client } = createHttpApi(this, {
      api: make('Api', 'api'),
      console: make('Console', 'console'),
      signIn: make('SignIn', 'sign-in'),
      users: state.users,
      relayEnrol: make('RelayEnrol', 'relay-enrol'),
    });
    socketApi.serve({ authorise: make('RelayAuthorise', 'relay-authorise'), socket: make('RelaySocket', 'relay-socket') });

    new CfnOutput(this, 'ConsoleUrl', { value: http.apiEndpoint });
    new CfnOutput(this, 'ApiUrl', { value: `${http.apiEndpoint}/api` });
    new CfnOutput(this, 'SocketUrl', { value: socketApi.url, description: 'Relays connect here' });
    new CfnOutput(this, 'UserPoolClientId', { value: client.userPoolClientId });
    new CfnOutput(this, 'AlarmTopicArn', { value: notify.topicArn, description: 'Subscribe here to be told of alarms' });
  }

  private takeEvents(state: StateStack, queue: Queue, deadLetterQueue: Queue): void {
    new Rule(this, 'PortalRule', {
      eventBus: state.bus,
      description: 'Events of the portal, to be worked off in portal-events',
      eventPattern: { source: ['portal'] },
      targets: [new SqsQueue(queue, { deadLetterQueue, retryAttempts: 185, maxEventAge: Duration.hours(24) })],
    });
  }
}

function createQueues(scope: Construct, notify: Topic): { queues: Queues; deadLetters: DeadLetters } {
  const deadLetters: DeadLetters = {};
  const create = (id: string, name: QueueName): Queue => {
    const { worker, fifo, tries, alarmAfterMinutes, breaks } = queueSpecs[name];
    const functionTimeout = Duration.seconds(functionSpecs[worker].timeoutSeconds);
    const alarmAfter = Duration.minutes(alarmAfterMinutes);
    const made = new WorkQueue(scope, id, { breaks, fifo, functionTimeout, tries, alarmAfter, notify });
    deadLetters[name] = { queue: made.deadLetters, goesTo: made.queue };
    return made.queue;
  };
  const queues = {
    gather: create('GatherQueue', 'gather'),
    evaluations: create('EvaluationsQueue', 'evaluations'),
    bulkEvaluations: create('BulkEvaluationsQueue', 'bulkEvaluations'),
    actions: create('ActionsQueue', 'actions'),
    bulkActions: create('BulkActionsQueue', 'bulkActions'),
    portalEvents: create('PortalEventsQueue', 'portalEvents'),
    enrolments: create('EnrolmentsQueue', 'enrolments'),
    bulks: create('BulksQueue', 'bulks'),
  };
  return { queues, deadLetters };
}

/** As the API is told them (lambdas/adapters/dead-letters.ts). */
function addresses(givenUp: DeadLetters): Record<string, { url: string; goesTo: string | null }> {
  return Object.fromEntries(
    Object.entries(givenUp).map(([name, { queue, goesTo }]) => [name, { url: queue.queueUrl, goesTo: goesTo?.queueUrl ?? null }]),
  );
}

/** The mapping's own permissions stand in the worker's role (permissions.ts). */
function connect(name: QueueName, queues: Queues, worker: ExtenderFunction['function'], id = 'Messages'): void {
  const { batchSize, maximumConcurrency } = queueSpecs[name];
  const mapping = new EventSourceMapping(worker, id, {
    target: worker,
    eventSourceArn: queues[name].queueArn,
    batchSize,
    maxConcurrency: maximumConcurrency,
    reportBatchItemFailures: true,
  });
  Validations.of(mapping).acknowledge({
    id: 'Serverless-LambdaEventSourceMappingDestination',
    reason: 'Lambda takes no failure destination for SQS: the queue gives up to its own dead-letter queue, which has an alarm.',
  });
}

/** Every variable that any function may be told; each gets only those that its schema names. */
function environmentValues(
  { tables }: StateStack,
  queues: Queues,
): Omit<EnvironmentOf<'api'>, 'DEAD_LETTERS' | 'CONSOLE_URL' | 'SOCKET_ENDPOINT'> {
  return {
    DEVICES_TABLE: tables.devices.tableName,
    ENROLMENTS_TABLE: tables.enrolments.tableName,
    ACTIONS_TABLE: tables.actions.tableName,
    JOURNAL_TABLE: tables.journal.tableName,
    CONTROL_TABLE: tables.control.tableName,
    GATHER_QUEUE_URL: queues.gather.queueUrl,
    EVALUATIONS_QUEUE_URL: queues.evaluations.queueUrl,
    BULK_EVALUATIONS_QUEUE_URL: queues.bulkEvaluations.queueUrl,
    ACTIONS_QUEUE_URL: queues.actions.queueUrl,
    BULK_ACTIONS_QUEUE_URL: queues.bulkActions.queueUrl,
    ENROLMENTS_QUEUE_URL: queues.enrolments.queueUrl,
    BULKS_QUEUE_URL: queues.bulks.queueUrl,
    API_STAGE: '/',
  };
}

function pick<F extends FunctionName>(values: EnvironmentOf<FunctionName>, name: F): EnvironmentOf<F> {
  return Object.fromEntries(functionVariables[name].map((key) => [key, values[key]])) as EnvironmentOf<F>;
}

/** Secrets that hold the credentials of sources which the cloud reads itself. */
function secretNamesOf({ sources }: RuntimeConfiguration): string[] {
  const names = sources.flatMap((source) => secretNameOf(source) ?? []);
  return [...new Set(names)];
}

/** Secrets of the services beside the sources, where they are configured. */
function secretsOf({ portal, maas360 }: RuntimeConfiguration): { portal?: string; maas360?: string } {
  return {
    ...(portal?.secretName === undefined ? {} : { portal: portal.secretName }),
    ...(maas360 ? { maas360: maas360.credentials.secretName } : {}),
  };
}
