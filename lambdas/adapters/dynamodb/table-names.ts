/** The names of all five tables, for functions that use all of them. */
import type { TableName } from './table-definitions.ts';

type Environment = Record<'DEVICES_TABLE' | 'ENROLMENTS_TABLE' | 'ACTIONS_TABLE' | 'JOURNAL_TABLE' | 'CONTROL_TABLE', string>;

export const tableNamesOf = (environment: Environment): Record<TableName, string> => ({
  devices: environment.DEVICES_TABLE,
  enrolments: environment.ENROLMENTS_TABLE,
  actions: environment.ACTIONS_TABLE,
  journal: environment.JOURNAL_TABLE,
  control: environment.CONTROL_TABLE,
});
