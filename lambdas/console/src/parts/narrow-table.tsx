/** Tables on a narrow screen: each row becomes one cell, with the names of its columns beside their values. */
import Box from '@cloudscape-design/components/box';
import type { TableProps } from '@cloudscape-design/components/table';
import { useNarrow } from '../use-media.ts';

type Column<T> = TableProps.ColumnDefinition<T>;

export function useNarrowTableColumns<T>(columns: Column<T>[]): Column<T>[] {
  return useNarrow() ? [merged(columns)] : columns;
}

/** All columns as one, with the first as its heading. */
function merged<T>([first, ...others]: Column<T>[]): Column<T> {
  return {
    id: 'narrow',
    header: first?.header,
    isRowHeader: true,
    cell: (item) => (
      <>
        {first?.cell(item)}
        {others.map((column) => {
          const value = column.cell(item);
          return value === '' || value === null ? null : (
            <div key={column.id}>
              <Box variant="small" display="inline" color="text-body-secondary">
                {column.header}:
              </Box>{' '}
              {value}
            </div>
          );
        })}
      </>
    ),
  };
}
