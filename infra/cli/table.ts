/** Columns as wide as their content, cut to the terminal's width; headings dimmed. */
import colors from 'picocolors';

const gap = '  ';

/** One line per row under a heading; the last column gets the rest of `width` and is cut there. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], { width = 160 } = {}): string {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => lengthOf(row[column]))));
  const line = (cells: readonly string[]) =>
    cut(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(gap)
        .trimEnd(),
      width,
    );
  return [colors.dim(line(headings)), ...rows.map((row) => line(row.map(plain)))].join('\n');
}

const lengthOf = (cell: string | undefined) => plain(cell ?? '').length;
const cut = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

/** Names and ids come from phones: no control characters reach the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '�');
}
