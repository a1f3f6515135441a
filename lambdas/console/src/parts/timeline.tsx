/** Everything that happened to a device, newest first. */
import Box from '@cloudscape-design/components/box';
import type { TimelineLine } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { At } from '../time.tsx';

/** The colour of a line's mark; its text says what happened. */
const tones: Record<string, string> = {
  discovered: 'leave',
  returned: 'leave',
  released: 'approve',
  quarantined: 'hold',
  missing: 'hold',
  removed: 'block',
  'guard-tripped': 'block',
};

export function Timeline({ entries }: { entries: readonly TimelineLine[] }) {
  if (entries.length === 0) return <Box color="text-body-secondary">{texts.device.noTimeline}</Box>;
  return (
    <ol className="timeline" aria-label={texts.device.timeline}>
      {entries.map((entry, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two lines may be alike, and their order is their identity
        <li key={`${entries.length - index}`}>
          <span className={`timeline-mark tone-${tones[entry.kind] ?? 'undetermined'}`} aria-hidden="true" />
          <bdi>{entry.says}</bdi>
          <Box color="text-body-secondary" variant="small" display="block">
            <At at={entry.at} />
          </Box>
        </li>
      ))}
    </ol>
  );
}
