/** Figures for CloudWatch, written to the function's log as lines that it takes for metrics. */
import type { GuardItem } from '#domain/quarantine/guard';
import { type MetricName, metricLine, metricNames } from '#domain/runtime/metrics';

/** Rings the alarm on tripped guards. */
export const ringGuard = (_: GuardItem): void => ring(metricNames.guardTripped);

/** Rings the alarm on sources whose actions are paused. */
export const ringSourcePaused = (): void => ring(metricNames.sourcePaused);

/** Rings the alarm on sources without a relay. */
export const ringRelayAway = (): void => ring(metricNames.relayAway);

/** Counts messages of relays that this release does not know, or cannot read. */
export const countIgnored = (): void => ring(metricNames.relayMessageIgnored);

function ring(name: MetricName): void {
  process.stdout.write(`${metricLine(name, 1, Date.now())}\n`);
}
