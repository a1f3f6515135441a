/**
 * The replaceable part: queues, functions, schedule, rule and API. Removing this stack stops the product and loses only what
 * is in its queues: the next gather and the portal's next snapshot restore it. Phones keep syncing meanwhile.
 */
import { CfnOutput, Duration, Lazy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import { metricNames, metricNamespace } from '#domain/runtime/metrics';
import { alarmPeriod, createAlarm } from './alarm.ts';
import { type Bundles, functionFactory, type MakeFunction } from './function-factory.ts';
import { functionSpecs, queueSpecs } from './function-specs.ts';
import { createHttpApi } from './http-api.ts';
import { createJournalOutbox } from './journal-outbox.ts';
import type { QueueName } from './permissions.ts';
import { createSchedule } from './schedule.ts';
import { createServiceQueues, type Queues, type ServiceQueues } from './service-queues.ts';
import { createSocketApi } from './socket-api.ts';
import type { StateStack } from './state-stack.ts';

export type ServiceStackProps = StackProps & { configuration: RuntimeConfiguration; state: StateStack; bundles: Bundles };

/** Alarms on the product's own metrics: what no metric of a queue or function shows. */
const ownAlarms = [
  {
    id: 'GuardTripped',
    metricName: metricNames.guardTripped,
    description:
      'The guard stopped a run that would have taken access from too many devices. It waits for a person: look at the guards in the console, confirm or reject.',
  },
  {
    id: 'SourcePaused',
    metricName: metricNames.sourcePaused,
    description:
      'A source turns our credentials away, cannot be reached or asks for patience: its actions wait. The status page says which source, why, and what to do; they go out by themselves once it is well.',
  },
  {
    id: 'RelayAway',
    metricName: metricNames.relayAway,
    description:
      'A source on premises has had no relay for minutes: it is neither read nor acted on, and mail goes on. Look at the relays in the console; on the machine near Domino, relay doctor names what is wrong.',
  },
] as const;

export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, { configuration, state, bundles, ...props }: ServiceStackProps) {
    super(scope, id, props);
    const notify = new Topic(this, 'Alarms', { displayName: 'Traveler Extender alarms', enforceSSL: true });
    const queues = createServiceQueues(this, { configuration, notify });
    const socketApi = createSocketApi(this);
    // Known once the API exists, which needs some of the functions.
    const web = {
      consoleUrl: Lazy.string({ produce: () => http.apiEndpoint }),
      clientId: Lazy.string({ produce: () => client.userPoolClientId }),
    };
    const make = functionFactory(this, { configuration, state, bundles, notify, queues, socketApi, web });

    connectWorkers(queues.queues, make);
    for (const { id: schedule, construct, name, everyMinutes, deadLetters } of queues.scheduled) {
      const starts = make(construct, name, deadLetters);
      createSchedule(this, `${schedule}Schedule`, { says: name, everyMinutes, starts, deadLetters });
    }
    routePortalEvents(this, state, queues);
    const { journal } = state.tables;
    const { breaks } = functionSpecs.publish;
    createJournalOutbox(this, { journal, worker: make('Publish', 'publish'), unpublished: queues.unpublished, breaks, notify });
    createOwnAlarms(this, notify);
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
}

/** Connects functions to the queues that they consume. */
function connectWorkers(queues: Queues, make: MakeFunction): void {
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
}

/** The mapping's own permissions are in the worker's role (permissions.ts). */
function connect(name: QueueName, queues: Queues, worker: IFunction, id = 'Messages'): void {
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

function routePortalEvents(scope: Construct, { bus }: StateStack, { queues, portalRule }: ServiceQueues): void {
  new Rule(scope, 'PortalRule', {
    eventBus: bus,
    description: 'Events of the portal, to be worked off in portal-events',
    eventPattern: { source: ['portal'] },
    targets: [
      new SqsQueue(queues.portalEvents, { deadLetterQueue: portalRule, retryAttempts: 185, maxEventAge: Duration.hours(24) }),
    ],
  });
}

function createOwnAlarms(scope: Construct, notify: Topic): void {
  for (const { id, metricName, description } of ownAlarms)
    createAlarm(scope, id, {
      metric: new Metric({ namespace: metricNamespace, metricName, statistic: Stats.SUM, period: alarmPeriod }),
      threshold: 1,
      description,
      notify,
    });
}
