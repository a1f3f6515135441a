/** A work queue with its dead-letter queue and the alarms of both. It requires a sentence about what its failure breaks. */
import { Duration, Validations } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarmPeriod, createAlarm } from './alarm.ts';

export type WorkQueueProps = {
  /** What stops working while messages wait too long or end in the dead-letter queue: one sentence, for the alarm. */
  breaks: string;
  /** In order per message group; the sender sets the deduplication id. */
  fifo?: boolean;
  /** Time-out of the consuming function: the queue hides a message twice as long. */
  functionTimeout: Duration;
  /** Receives before a message goes to the dead-letter queue. */
  tries: number;
  /** The oldest message may wait this long before the alarm goes off. */
  alarmAfter: Duration;
  notify: ITopic;
};

/** Not six, as AWS recommends: docs/decisions/0031-hidden-messages.md. */
const hiddenTimes = 2;

export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(
    scope: Construct,
    id: string,
    { breaks, fifo = false, functionTimeout, tries, alarmAfter, notify }: WorkQueueProps,
  ) {
    super(scope, id);
    this.deadLetters = createDeadLetterQueue(this, 'DeadLetters', { breaks, fifo, notify });
    this.queue = new Queue(this, 'Queue', {
      ...(fifo ? { fifo, contentBasedDeduplication: false } : {}),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(functionTimeout.toSeconds() * hiddenTimes),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: tries },
    });
    createAlarm(this, 'Late', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: alarmPeriod, statistic: Stats.MAXIMUM }),
      threshold: alarmAfter.toSeconds(),
      description: `A message has waited ${alarmAfter.toMinutes()} minutes or more in ${this.node.path}. ${breaks}`,
      notify,
    });
  }
}

export type DeadLetterProps = { breaks: string; fifo?: boolean; notify: ITopic };

/** Keeps failed messages for 14 days, with an alarm at the first one. */
export function createDeadLetterQueue(scope: Construct, id: string, { breaks, fifo = false, notify }: DeadLetterProps): Queue {
  const queue = new Queue(scope, id, {
    ...(fifo ? { fifo } : {}),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const reason = 'This is a dead-letter queue itself: what lies in it waits for a person, and an alarm says so.';
  Validations.of(queue).acknowledge(
    // The check recognises dead-letter queues of queues only, not those of a rule or a schedule.
    { id: 'AwsSolutions-SQS3', reason },
    { id: 'Serverless-SQSRedrivePolicy', reason },
  );
  createAlarm(scope, `${id}Alarm`, {
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: alarmPeriod, statistic: Stats.MAXIMUM }),
    threshold: 1,
    description: `Messages were given up and lie in ${queue.node.path}, kept for 14 days. ${breaks}`,
    notify,
  });
  return queue;
}
