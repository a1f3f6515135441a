/** Progress of a search of the journal; the reader can stop and continue it. */
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { texts } from '../texts/texts.ts';
import { hasTime, isFiltered, type JournalFilter } from './journal-filter.ts';
import type { JournalSearch } from './journal-search.ts';

const t = texts.journal;
type Props = { search: JournalSearch; filter: JournalFilter; onResume(): void; onStop(): void };

export function JournalProgress({ search, filter, onResume, onStop }: Props) {
  const { state, entries } = search;
  const filtered = isFiltered(filter);
  if (entries.length === 0 && !filtered) return null;
  return (
    <Box textAlign="center" padding="s">
      <SpaceBetween size="xs" alignItems="center">
        <div role="status">
          {state === 'looking' ? (
            <StatusIndicator type="loading">{filtered ? t.looking(search.read, search.all) : texts.loading}</StatusIndicator>
          ) : state === 'failed' ? (
            <StatusIndicator type="error">{search.problem}</StatusIndicator>
          ) : (
            <Box color="text-body-secondary">{filtered ? sumUp(search, filter) : shown(search)}</Box>
          )}
        </div>
        {state === 'looking' && filtered ? <Button onClick={onStop}>{t.stop}</Button> : null}
        {state === 'resting' ? <Button onClick={onResume}>{filtered ? t.goOn : t.more}</Button> : null}
        {state === 'failed' ? <Button onClick={onResume}>{texts.reload}</Button> : null}
      </SpaceBetween>
    </Box>
  );
}

function sumUp({ state, read, all, entries }: JournalSearch, filter: JournalFilter): string {
  if (state === 'resting') return t.rests(read, all, entries.length);
  return hasTime(filter) ? t.endedOfTime(read, entries.length) : t.ended(read, entries.length);
}

const shown = ({ state, read, all }: JournalSearch): string => (state === 'resting' ? t.shown(read, all) : t.shownAll(read));
