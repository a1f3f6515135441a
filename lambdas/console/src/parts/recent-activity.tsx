/** Recent activity at all sources: the newest lines of their journals, polled. */
import Box from '@cloudscape-design/components/box';
import { read, readLines } from '../api.ts';
import { deviceAddress } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { Ago } from '../time.tsx';
import { usePolledRead } from '../use-polling.ts';
import { entriesOf, headsSchema, type JournalEntry } from './journal.ts';
import { journalAddress } from './journal-filter.ts';
import { LoadingOrError } from './loading-or-error.tsx';
import { LinkTo } from './verdict.tsx';

/** Lines of no source are about events from the portal, accepted or rejected. */
const sourceWord = (sourceId: string): string => (sourceId === '*' ? texts.journal.noSource : sourceId);
const shown = 8;
/** Lines to read per journal: more than are shown, because the steps of an action are left out (its last line covers them). */
const linesRead = 24;

/** The last lines of all sources' journals, newest first. */
async function lastLines(path: string, signal: AbortSignal): Promise<JournalEntry[]> {
  const { heads } = await read(path, headsSchema, signal);
  const newest = heads.map(async ({ sourceId }) => {
    const query = new URLSearchParams({ source: sourceId, order: 'newest', limit: String(linesRead) });
    return entriesOf((await readLines(`/journal?${query}`, signal)).text);
  });
  return (await Promise.all(newest))
    .flat()
    .filter(({ line }) => line.kind !== 'action-step')
    .sort((a, b) => b.line.at - a.line.at || b.seq - a.seq)
    .slice(0, shown);
}

export function RecentActivity() {
  const live = usePolledRead('/journal/heads', lastLines, 4000);
  if (live.value === null) return <LoadingOrError live={live} />;
  if (live.value.length === 0) return <Box color="text-body-secondary">{texts.journal.empty}</Box>;
  return (
    <ol className="recent-activity ruled">
      {live.value.map((entry) => (
        <li key={`${entry.line.sourceId}|${entry.seq}`}>
          <span className="recent-activity-time">
            <Ago at={new Date(entry.line.at).toISOString()} />
          </span>
          <span>
            <DeviceOrSource entry={entry} />
            <bdi>{entry.line.says}</bdi>
          </span>
        </li>
      ))}
    </ol>
  );
}

function DeviceOrSource({ entry: { line } }: { entry: JournalEntry }) {
  const { sourceId, user, deviceId } = line;
  if (user === null || deviceId === null)
    return (
      <>
        <LinkTo href={journalAddress(sourceId, {})}>{sourceWord(sourceId)}</LinkTo>
        {': '}
      </>
    );
  return (
    <>
      <LinkTo href={deviceAddress({ sourceId, user, deviceId })}>{user}</LinkTo>
      {': '}
    </>
  );
}
