/** The columns of the journal, and the one that replaces them on a narrow screen. */
import Box from '@cloudscape-design/components/box';
import type { TableProps } from '@cloudscape-design/components/table';
import { kindWord } from '../texts/words.ts';
import { At } from '../time.tsx';
import type { JournalEntry } from './journal.ts';
import { Name, UserLink } from './verdict.tsx';

type Column = TableProps.ColumnDefinition<JournalEntry>;

export const journalColumns: Column[] = [
  { id: 'at', header: 'When', cell: ({ line }) => <When at={line.at} />, width: 200 },
  { id: 'says', header: 'What', cell: ({ line }) => <bdi className="whole">{line.says}</bdi>, isRowHeader: true, minWidth: 280 },
  { id: 'kind', header: 'Kind', cell: ({ line }) => kindWord(line.kind), width: 150 },
  { id: 'who', header: 'Device', cell: (entry) => <DeviceOrSource entry={entry} />, width: 240 },
  {
    id: 'seal',
    header: 'Number and seal',
    cell: ({ seq, hash }) => (
      <Box variant="code">
        <span title={hash} className="unbroken">
          {seq} · {hash.slice(0, 8)}
        </span>
      </Box>
    ),
    width: 180,
  },
];

export const narrowJournalColumn: Column = {
  id: 'narrow',
  header: 'What',
  isRowHeader: true,
  cell: (entry) => (
    <>
      <bdi className="whole">{entry.line.says}</bdi>
      <Box variant="small" display="block" color="text-body-secondary">
        <When at={entry.line.at} /> · {kindWord(entry.line.kind)} · {entry.seq}
      </Box>
      {entry.line.user === null ? null : <DeviceOrSource entry={entry} />}
    </>
  ),
};

const When = ({ at }: { at: number }) => <At at={new Date(at).toISOString()} />;

function DeviceOrSource({ entry: { line } }: { entry: JournalEntry }) {
  const { sourceId, user, deviceId } = line;
  if (user === null || deviceId === null) return <>–</>;
  return (
    <>
      <UserLink device={{ sourceId, user, deviceId }} />
      <Box variant="small" display="block">
        <Name>{deviceId}</Name>
      </Box>
    </>
  );
}
