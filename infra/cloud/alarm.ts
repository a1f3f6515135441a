/** Alarms that explain what breaks: the code that creates a resource also writes the description of its alarm. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export type AlarmProps = {
  metric: IMetric;
  /** The alarm goes off at this value or above it. */
  threshold: number;
  /** One or two sentences: what happened, what it breaks, where to look. */
  description: string;
  notify: ITopic;
};

export const alarmPeriod = Duration.minutes(5);

export function createAlarm(scope: Construct, id: string, { metric, threshold, description, notify }: AlarmProps): Alarm {
  const alarm = new Alarm(scope, id, {
    metric,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // An idle queue or function sends no metrics.
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: description,
  });
  alarm.addAlarmAction(new SnsAction(notify));
  return alarm;
}
