/** Metrics for CloudWatch, written to the function's log in the embedded metric format. */
import type { GuardItem } from '#domain/quarantine/guard';
import { type MetricName, metricLine, metricNames } from '#domain/runtime/metrics';

/** Raises the alarm on tripped guards. */
export const ringGuard = (_: GuardItem): void => count(metricNames.guardTripped);

/** Raises the alarm on sources whose actions are paused. */
export const ringSourcePaused = (): void => count(metricNames.sourcePaused);

/** Raises the alarm on sources without a relay. */
export const ringRelayAway = (): void => count(metricNames.relayAway);

/** Counts relay messages that this release does not know, or cannot read. */
export const countIgnored = (): void => count(metricNames.relayMessageIgnored);

function count(name: MetricName): void {
  process.stdout.write(`${metricLine(name, 1, Date.now())}\n`);
}
