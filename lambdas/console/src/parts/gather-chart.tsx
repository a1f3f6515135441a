/** How long the last gathers took, the oldest on the left: a bar each (by the square root, so that a long first one leaves the others visible), red where it failed. The figures are also there as text. */
import type { Run } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration, localTime } from '../texts/words.ts';

const height = 56;
const step = 10;
const leastHeight = 3;

export function GatherChart({ runs, source }: { runs: readonly Run[]; source: string }) {
  const ended = runs.filter(({ state }) => state === 'completed' || state === 'failed').toReversed();
  if (ended.length === 0) return null;
  const longest = Math.max(...ended.map(({ ms }) => ms ?? 0), 1);
  const words = `${texts.overview.chart(ended.length)}, ${source}: the longest ${duration(longest)}`;
  return (
    <svg className="chart" viewBox={`0 0 ${Math.max(ended.length, 20) * step} ${height}`} preserveAspectRatio="none" role="img">
      <title>{words}</title>
      {ended.map((run, index) => {
        const size = Math.max(leastHeight, Math.sqrt((run.ms ?? 0) / longest) * height);
        return (
          <g key={run.runId} className={run.state === 'failed' ? 'chart-failed' : 'chart-well'}>
            <title>{`${localTime(run.requestedAt)}: ${run.state === 'failed' ? 'failed after ' : ''}${duration(run.ms ?? 0)}`}</title>
            <rect x={index * step + 1} y={height - size} width={step - 3} height={size} rx="1.5" />
          </g>
        );
      })}
    </svg>
  );
}
