/** The columns that the table of devices can show. */
import Box from '@cloudscape-design/components/box';
import type { TableProps } from '@cloudscape-design/components/table';
import type { ExplainedDevice } from '../schemas.ts';
import { accessWords, actionWord, approvalWords, clientWord, presenceWords, stateWord } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { ClientAndId, Name, UserLink, Verdict } from './verdict.tsx';

type Column = TableProps.ColumnDefinition<ExplainedDevice> & { id: string; header: string };
const byText = (of: (device: ExplainedDevice) => string | null) => (a: ExplainedDevice, b: ExplainedDevice) =>
  (of(a) ?? '').localeCompare(of(b) ?? '');

export const deviceColumns: Column[] = [
  {
    id: 'user',
    header: 'User',
    sortingComparator: byText((one) => one.user),
    cell: (one) => <UserLink device={one} />,
    isRowHeader: true,
    width: 170,
  },
  {
    id: 'device',
    header: 'Device',
    sortingComparator: byText((one) => one.deviceId),
    cell: (one) => <ClientAndId device={one} />,
    width: 262,
  },
  {
    id: 'verdict',
    header: 'Verdict',
    sortingComparator: byText((one) => one.verdict),
    cell: (one) => <Verdict verdict={one.verdict} />,
    width: 115,
  },
  { id: 'why', header: 'Why', cell: (one) => <Name>{one.evidence ?? '–'}</Name>, minWidth: 230 },
  {
    id: 'approval',
    header: 'Approval',
    sortingComparator: byText((one) => one.approval),
    cell: (one) => approvalWords[one.approval] ?? one.approval,
    width: 130,
  },
  {
    id: 'access',
    header: 'Access',
    sortingComparator: byText((one) => one.access),
    cell: (one) => accessWords[one.access] ?? one.access,
    minWidth: 100,
  },
  {
    id: 'sync',
    header: 'Last sync',
    sortingComparator: byText((one) => one.lastSync),
    cell: (one) => (one.lastSync === null ? '–' : <Ago at={one.lastSync} />),
    width: 155,
  },
  {
    id: 'seen',
    header: 'First seen',
    sortingComparator: byText((one) => one.firstSeen),
    cell: (one) => <Ago at={one.firstSeen} />,
    minWidth: 120,
  },
  { id: 'rule', header: 'Rule', sortingComparator: byText((one) => one.rule), cell: (one) => one.rule ?? '–', minWidth: 150 },
  {
    id: 'client',
    header: 'Client',
    sortingComparator: byText((one) => one.client),
    cell: (one) => clientWord(one.client),
    minWidth: 130,
  },
  {
    id: 'model',
    header: 'Model',
    sortingComparator: byText((one) => one.provider),
    cell: (one) => <Name>{one.provider || '–'}</Name>,
    minWidth: 130,
  },
  {
    id: 'source',
    header: 'Source',
    sortingComparator: byText((one) => one.sourceId),
    cell: (one) => <Name>{one.sourceId}</Name>,
    minWidth: 100,
  },
  {
    id: 'presence',
    header: 'Presence',
    sortingComparator: byText((one) => one.state),
    cell: (one) => presenceWords[one.state] ?? one.state,
    minWidth: 150,
  },
  {
    id: 'action',
    header: 'Open action',
    cell: (one) => (one.openAction === null ? '–' : `${actionWord(one.openAction.type)}: ${stateWord(one.openAction.state)}`),
    minWidth: 140,
  },
];
/** Replaces all columns on a narrow screen. */
export const narrowColumn: Column = {
  id: 'narrow',
  header: 'Device',
  isRowHeader: true,
  cell: (one) => (
    <>
      <UserLink device={one} />
      <Box variant="small" display="block" color="text-body-secondary">
        <ClientAndId device={one} />
      </Box>
      <Box padding={{ vertical: 'xxs' }}>
        <Verdict verdict={one.verdict} />
      </Box>
      <Box variant="small" color="text-body-secondary">
        <Name>{one.evidence ?? ''}</Name>
      </Box>
    </>
  ),
};
export const columnIds = deviceColumns.map(({ id }) => id);
export const usualColumns = ['user', 'device', 'verdict', 'why', 'approval', 'sync'];
