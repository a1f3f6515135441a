/**
 * `npm run bench`: every measure as one table, and as JSON in bench.json. `--rows 1,2` measures those only; `--full` times what
 * is otherwise sampled and scaled; `--json FILE` writes elsewhere; `--markdown docs/bench.md` writes the page as well.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { page } from './page.ts';
import { figure, type Row } from './row.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    rows: { type: 'string' },
    json: { type: 'string', default: 'bench.json' },
    markdown: { type: 'string' },
  },
});

/** Each measures one row or several; in this order, one after the other, so that they do not disturb each other. */
const measures: { rows: number[]; measure(): Promise<Row | Row[]> }[] = [
  { rows: [1], measure: async () => (await import('./gather-requests.ts')).requestsRow() },
  { rows: [2], measure: async () => (await import('./gather-steady.ts')).steadyTimeRow() },
  { rows: [3, 4], measure: async () => (await import('./gather-first.ts')).firstRows(values) },
  { rows: [5], measure: async () => (await import('./gather-steady.ts')).steadyUnitsRow() },
  { rows: [6], measure: async () => (await import('./gather-growth.ts')).growthRow(values) },
  { rows: [7, 8], measure: async () => (await import('./enrolment-to-approval.ts')).enrolmentRows() },
  { rows: [9], measure: async () => (await import('./decision.ts')).decisionRow() },
  { rows: [10], measure: async () => (await import('./plan.ts')).planRow(values) },
  { rows: [11], measure: async () => (await import('./bundles.ts')).bundleRow() },
  { rows: [12], measure: async () => [await (await import('./relay-gather.ts')).relayGatherRow()] },
  { rows: [13], measure: async () => [await (await import('./relay-memory.ts')).relayMemoryRow()] },
  { rows: [14], measure: async () => (await import('./relay-action.ts')).relayActionRow() },
  { rows: [15], measure: async () => (await import('./cloud-cost.ts')).costRows() },
  { rows: [16], measure: async () => (await import('./actions-drain.ts')).drainRow(values) },
];

const wanted = values.rows?.split(',').map(Number);
const rows: Row[] = [];
for (const { rows: numbers, measure } of measures) {
  if (wanted !== undefined && !numbers.some((number) => wanted.includes(number))) continue;
  console.error(`measuring row ${numbers.join(' and ')} …`);
  try {
    rows.push(...[await measure()].flat());
    write();
  } catch (error) {
    // The other rows are still useful; the exit code says that not all could be measured.
    console.error(`Row ${numbers.join(' and ')} could not be measured:`, error);
    process.exitCode = 1;
  }
}
console.log(table(rows));
console.log(`\nAs JSON: ${values.json}`);

/** After each row: what was measured so far survives a run that is cut off. */
function write(): void {
  rows.sort((a, b) => a.row - b.row);
  writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (values.markdown !== undefined) writeFileSync(values.markdown, page(rows, new Date()));
}

function table(all: readonly Row[]): string {
  const lines = all.map((row) => [
    String(row.row),
    row.measure,
    `${figure(row.value)} ${row.unit}`,
    row.against,
    row.mark,
    row.met ? 'met' : 'MISSED',
  ]);
  const heads = ['#', 'measure', 'value', 'against', 'mark', ''];
  const widths = heads.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const text = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const noted = all.flatMap(({ row, note }) => (note === undefined ? [] : [`${row}: ${note}`]));
  return [text(heads), text(widths.map((width) => '-'.repeat(width))), ...lines.map(text), '', ...noted].join('\n');
}
