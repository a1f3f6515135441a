/**
 * Connects the journal's stream to the function that adds its lines to the chain and publishes them. In order per device; a
 * batch that fails is retried whole or from its first failed record, and is bisected to find the record that fails.
 */
import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, FilterCriteria, FilterRule, type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { alarmPeriod, createAlarm } from './alarm.ts';

export type JournalOutboxProps = { journal: Table; worker: IFunction; unpublished: Queue; breaks: string; notify: ITopic };

/** Lines per call: about fifty fit one transaction of the chain. */
const batchSize = 100;
/** A stream keeps records for 24 hours; failures are retried until shortly before. */
const retryFor = Duration.hours(23);
const lateAfter = Duration.minutes(15);

/** The mapping's own permissions are in the worker's role (permissions.ts). */
export function createJournalOutbox(
  scope: Construct,
  { journal, worker, unpublished, breaks, notify }: JournalOutboxProps,
): EventSourceMapping {
  if (journal.tableStreamArn === undefined) throw new Error('The Journal table has no stream to publish from');
  createAlarm(scope, 'JournalOutboxLate', {
    metric: worker.metric('IteratorAge', { period: alarmPeriod, statistic: Stats.MAXIMUM }),
    threshold: lateAfter.toMilliseconds(),
    description: `Journal lines wait ${lateAfter.toMinutes()} minutes or more to be published; after 23 hours they are given up. ${breaks}`,
    notify,
  });
  return new EventSourceMapping(scope, 'JournalLines', {
    target: worker,
    eventSourceArn: journal.tableStreamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize,
    // New lines only, because the chain is in the same table.
    filters: [
      FilterCriteria.filter({
        eventName: FilterRule.isEqual('INSERT'),
        dynamodb: { Keys: { pk: { S: [...FilterRule.beginsWith('device|'), ...FilterRule.beginsWith('source|')] } } },
      }),
    ],
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    retryAttempts: 10_000,
    maxRecordAge: retryFor,
    onFailure: new SqsDlq(unpublished),
  });
}
