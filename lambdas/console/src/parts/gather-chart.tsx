/**
 * How long the last gathers took, the oldest on the left: a bar each (by the square root, so that a long first one leaves the
 * others visible), red where it failed. The longest and the times at both ends are beside it as text.
 */
import type { Run } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { duration, localTime } from '../texts/words.ts';
import { Ago } from '../time.tsx';

const height = 56;
const step = 10;
const leastHeight = 3;
const leastBars = 20;

export function GatherChart({ runs, source }: { runs: readonly Run[]; source: string }) {
  const ended = runs.filter(({ state }) => state === 'completed' || state === 'failed').toReversed();
  const [oldest, newest] = [ended[0], ended.at(-1)];
  if (oldest === undefined || newest === undefined) return <>{texts.overview.noGathers}</>;
  const longest = Math.max(...ended.map(({ ms }) => ms ?? 0), 1);
  const words = `${texts.overview.chart(ended.length)}, ${source}: the longest ${duration(longest)}`;
  const bars = Math.max(ended.length, leastBars);
  return (
    <div className="chart-frame">
      <span className="chart-scale" aria-hidden="true">
        {duration(longest)}
      </span>
      <svg className="chart" viewBox={`0 0 ${bars * step} ${height}`} preserveAspectRatio="none" role="img">
        <title>{words}</title>
        {ended.map((run, index) => {
          const size = Math.max(leastHeight, Math.sqrt((run.ms ?? 0) / longest) * height);
          return (
            <g key={run.runId} className={run.state === 'failed' ? 'chart-failed' : 'chart-ok'}>
              <title>{`${localTime(run.requestedAt)}: ${run.state === 'failed' ? 'failed after ' : ''}${duration(run.ms ?? 0)}`}</title>
              <rect x={(bars - ended.length + index) * step + 1} y={height - size} width={step - 3} height={size} rx="1.5" />
            </g>
          );
        })}
      </svg>
      <span className="chart-ends">
        <Ago at={oldest.requestedAt} />
        <Ago at={newest.requestedAt} />
      </span>
    </div>
  );
}
