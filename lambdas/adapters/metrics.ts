/** Figures for CloudWatch, written to the function's log as lines that it takes for metrics. */
import type { GuardItem } from '#domain/guard';
import { metricLine, metricNames } from '#domain/metrics';

/** Rings the alarm on tripped guards. */
export function ringGuard(_: GuardItem): void {
  process.stdout.write(`${metricLine(metricNames.guardTripped, 1, Date.now())}\n`);
}
