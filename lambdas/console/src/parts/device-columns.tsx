/** The columns that the table of devices can show. */
import type { TableProps } from '@cloudscape-design/components/table';
import type { ExplainedDevice } from '../schemas.ts';
import { accessWords, actionWord, approvalWords, clientWord, presenceWords } from '../texts/words.ts';
import { Ago } from '../time.tsx';
import { ClientAndId, Name, UserLink, Verdict } from './verdict.tsx';

type Column = TableProps.ColumnDefinition<ExplainedDevice> & { id: string; header: string };

export const deviceColumns: Column[] = [
  { id: 'user', header: 'User', cell: (one) => <UserLink device={one} />, isRowHeader: true, minWidth: 170 },
  { id: 'device', header: 'Device', cell: (one) => <ClientAndId device={one} />, minWidth: 180 },
  { id: 'verdict', header: 'Verdict', cell: (one) => <Verdict verdict={one.verdict} />, minWidth: 130 },
  { id: 'why', header: 'Why', cell: (one) => <Name>{one.evidence ?? '–'}</Name>, minWidth: 260 },
  { id: 'approval', header: 'Approval', cell: (one) => approvalWords[one.approval] ?? one.approval, minWidth: 130 },
  { id: 'access', header: 'Access', cell: (one) => accessWords[one.access] ?? one.access, minWidth: 100 },
  { id: 'sync', header: 'Last sync', cell: (one) => (one.lastSync === null ? '–' : <Ago at={one.lastSync} />), minWidth: 120 },
  { id: 'seen', header: 'First seen', cell: (one) => <Ago at={one.firstSeen} />, minWidth: 120 },
  { id: 'rule', header: 'Rule', cell: (one) => one.rule ?? '–', minWidth: 150 },
  { id: 'client', header: 'Client', cell: (one) => clientWord(one.client), minWidth: 130 },
  { id: 'model', header: 'Model', cell: (one) => <Name>{one.provider || '–'}</Name>, minWidth: 130 },
  { id: 'source', header: 'Source', cell: (one) => <Name>{one.sourceId}</Name>, minWidth: 100 },
  { id: 'presence', header: 'Presence', cell: (one) => presenceWords[one.state] ?? one.state, minWidth: 150 },
  {
    id: 'action',
    header: 'Open action',
    cell: (one) => (one.openAction === null ? '–' : `${actionWord(one.openAction.type)}: ${one.openAction.state}`),
    minWidth: 140,
  },
];
export const columnIds = deviceColumns.map(({ id }) => id);
export const usualColumns = ['user', 'device', 'verdict', 'why', 'approval', 'sync'];
