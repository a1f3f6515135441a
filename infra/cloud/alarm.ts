/** Alarms that say what breaks: each one's description is written by whoever made the thing that can fail. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export type AlarmProps = {
  metric: IMetric;
  /** Goes off at this value or above it. */
  threshold: number;
  /** One sentence or two: what happened, what it breaks, where to look. */
  says: string;
  notify: ITopic;
};

export const alarmPeriod = Duration.minutes(5);

export function createAlarm(scope: Construct, id: string, { metric, threshold, says, notify }: AlarmProps): Alarm {
  const alarm = new Alarm(scope, id, {
    metric,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // A queue or function that nothing happens to sends no figures.
    treatMissingData: TreatMissingData.NOT_BREACHING,
    alarmDescription: says,
  });
  alarm.addAlarmAction(new SnsAction(notify));
  return alarm;
}
