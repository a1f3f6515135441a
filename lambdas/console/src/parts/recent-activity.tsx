/** What happened last, at any source: the newest lines of the journal, as they come. */
import Box from '@cloudscape-design/components/box';
import { read, readLines } from '../api.ts';
import { deviceAddress } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { Ago } from '../time.tsx';
import { useLiveRead } from '../use-polling.ts';
import { entriesOf, headsSchema, type JournalEntry } from './journal.ts';
import { journalAddress } from './journal-filter.ts';
import { Pending } from './loading-or-error.tsx';
import { LinkTo } from './verdict.tsx';

/** What belongs to no source is what the portal told, or what it was refused. */
const sourceWord = (sourceId: string): string => (sourceId === '*' ? texts.journal.noSource : sourceId);
const shown = 8;
/** The steps of an action are told by its end: read on past them. */
const looked = 24;

/** The last lines of each source's journal, the newest first. */
async function lastLines(path: string, signal: AbortSignal): Promise<JournalEntry[]> {
  const { heads } = await read(path, headsSchema, signal);
  const newest = heads.map(async ({ sourceId }) => {
    const query = new URLSearchParams({ source: sourceId, order: 'newest', limit: String(looked) });
    return entriesOf((await readLines(`/journal?${query}`, signal)).text);
  });
  return (await Promise.all(newest))
    .flat()
    .filter(({ line }) => line.kind !== 'action-step')
    .sort((a, b) => b.line.at - a.line.at || b.seq - a.seq)
    .slice(0, shown);
}

export function Lately() {
  const live = useLiveRead('/journal/heads', lastLines, 4000);
  if (live.value === null) return <Pending live={live} />;
  if (live.value.length === 0) return <Box color="text-body-secondary">{texts.journal.empty}</Box>;
  return (
    <ol className="lately ruled">
      {live.value.map((entry) => (
        <li key={`${entry.line.sourceId}|${entry.seq}`}>
          <span className="lately-time">
            <Ago at={new Date(entry.line.at).toISOString()} />
          </span>
          <span>
            <Whose entry={entry} />
            <bdi>{entry.line.says}</bdi>
          </span>
        </li>
      ))}
    </ol>
  );
}

function Whose({ entry: { line } }: { entry: JournalEntry }) {
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
