/** Devices by verdict: one bar, and each share as a link to the devices in it. */
import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import { follow, withQuery } from '../router.ts';
import type { Overview, VerdictName } from '../schemas.ts';
import { number, plural, undecidedWord, verdictWords } from '../texts/words.ts';

const order: readonly (VerdictName | 'undecided')[] = ['approve', 'leave', 'hold', 'undetermined', 'block', 'undecided'];
const wordOf = (verdict: VerdictName | 'undecided') => (verdict === 'undecided' ? undecidedWord : verdictWords[verdict].word);

export function DeviceStates({ figures }: { figures: Overview }) {
  const sources = Object.values(figures.sources);
  const total = sources.reduce((sum, source) => sum + source.total, 0);
  const missing = sources.reduce((sum, { states }) => sum + (states.missing ?? 0), 0);
  const shares = order
    .map((verdict) => ({ verdict, count: sources.reduce((sum, { verdicts }) => sum + (verdicts[verdict] ?? 0), 0) }))
    .filter(({ count }) => count > 0);
  return (
    <>
      <Box fontSize="display-l" fontWeight="light">
        {number(total)}
      </Box>
      <div className="stack-bar" aria-hidden="true">
        {shares.map(({ verdict, count }) => (
          <span key={verdict} className={`tone-${verdict}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className="legend">
        {shares.map(({ verdict, count }) => (
          <li key={verdict}>
            <span className={`legend-mark tone-${verdict}`} aria-hidden="true" />
            {verdict === 'undecided' ? (
              `${number(count)} ${wordOf(verdict)}`
            ) : (
              <Link href={withQuery('/devices', { verdict })} onFollow={follow}>
                {number(count)} {wordOf(verdict)}
              </Link>
            )}
          </li>
        ))}
      </ul>
      {missing > 0 ? (
        <Box padding={{ top: 's' }}>
          <Link href={withQuery('/devices', { state: 'missing' })} onFollow={follow}>
            {plural(missing, 'device')} missing from the last gather
          </Link>
        </Box>
      ) : null}
    </>
  );
}
