/** The product's own CloudWatch metrics: functions write them to their log (embedded metric format), alarms read them. */
export const metricNamespace = 'TravelerExtender';
export const metricNames = {
  guardTripped: 'GuardTripped',
  sourcePaused: 'SourcePaused',
  relayAway: 'RelayAway',
  relayMessageIgnored: 'RelayMessageIgnored',
} as const;
export type MetricName = (typeof metricNames)[keyof typeof metricNames];

/** One line of the embedded metric format: CloudWatch turns it into a metric without an API call. `at`: epoch ms. */
export function metricLine(name: MetricName, value: number, at: number): string {
  const metrics = { Namespace: metricNamespace, Dimensions: [[]], Metrics: [{ Name: name, Unit: 'Count' }] };
  return JSON.stringify({ _aws: { Timestamp: at, CloudWatchMetrics: [metrics] }, [name]: value });
}
