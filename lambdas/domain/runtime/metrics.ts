/** The product's own figures in CloudWatch: written by functions into their log (embedded metric format), read by alarms. */
export const metricNamespace = 'TravelerExtender';
export const metricNames = {
  guardTripped: 'GuardTripped',
  sourcePaused: 'SourcePaused',
  relayAway: 'RelayAway',
  relayMessageIgnored: 'RelayMessageIgnored',
} as const;
export type MetricName = (typeof metricNames)[keyof typeof metricNames];

/** One line of the embedded metric format: CloudWatch makes a metric of it without a call. `at`: epoch ms. */
export function metricLine(name: MetricName, value: number, at: number): string {
  const metrics = { Namespace: metricNamespace, Dimensions: [[]], Metrics: [{ Name: name, Unit: 'Count' }] };
  return JSON.stringify({ _aws: { Timestamp: at, CloudWatchMetrics: [metrics] }, [name]: value });
}
