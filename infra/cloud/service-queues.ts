/** The queues of the service stack: those that functions consume, and every dead-letter queue by its name in the API. */
import { Duration } from 'aws-cdk-lib';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';
import { functionSpecs, queueSpecs } from './function-specs.ts';
import type { QueueName } from './permissions.ts';
import { type Scheduled, schedulesOf } from './schedule.ts';
import { createDeadLetterQueue, WorkQueue } from './work-queue.ts';

export type Queues = { [Q in QueueName]: Queue };
/** `goesTo`: the queue that its messages can be redriven to; null if the next run repeats their work anyway. */
export type DeadLetters = { [name: string]: { queue: Queue; goesTo: Queue | null } };
export type ServiceQueues = {
  queues: Queues;
  /** Each schedule with the queue for failed starts. */
  scheduled: readonly (Scheduled & { deadLetters: Queue })[];
  /** Portal events that the bus could not deliver to their queue. */
  portalRule: Queue;
  /** Journal lines that could not be published. */
  unpublished: Queue;
  deadLetters: DeadLetters;
};

type Context = { configuration: RuntimeConfiguration; notify: Topic };

export function createServiceQueues(scope: Construct, { configuration, notify }: Context): ServiceQueues {
  const { queues, deadLetters: ofQueues } = createQueues(scope, notify);
  const scheduled = schedulesOf(configuration).map((one) => {
    const { breaks } = functionSpecs[one.name];
    return { ...one, deadLetters: createDeadLetterQueue(scope, `${one.id}ScheduleDeadLetters`, { breaks, notify }) };
  });
  const portalRule = createDeadLetterQueue(scope, 'PortalRuleDeadLetters', {
    breaks: 'Events of the portal did not even reach their queue: enrolments, actions or settings are missing.',
    notify,
  });
  const unpublished = createDeadLetterQueue(scope, 'UnpublishedJournal', { breaks: functionSpecs.publish.breaks, notify });
  const deadLetters: DeadLetters = {
    ...ofQueues,
    ...Object.fromEntries(scheduled.map((one) => [one.key, { queue: one.deadLetters, goesTo: null }])),
    portalRule: { queue: portalRule, goesTo: queues.portalEvents },
    unpublishedJournal: { queue: unpublished, goesTo: null },
  };
  return { queues, scheduled, portalRule, unpublished, deadLetters };
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

/** The addresses of the dead-letter queues as the API reads them (lambdas/adapters/dead-letters.ts). */
export function addressesOf(deadLetters: DeadLetters): Record<string, { url: string; goesTo: string | null }> {
  return Object.fromEntries(
    Object.entries(deadLetters).map(([name, { queue, goesTo }]) => [
      name,
      { url: queue.queueUrl, goesTo: goesTo?.queueUrl ?? null },
    ]),
  );
}
