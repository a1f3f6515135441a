/**
 * `npm run bench`: every measure as one table, and as JSON in bench.json. `--full` times what is otherwise sampled and
 * scaled; `--rows 1,2` measures those only; `--json FILE` writes elsewhere.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { drainRow } from './actions-drain.ts';
import { bundleRow } from './bundles.ts';
import { decisionRow } from './decision.ts';
import { firstRows } from './gather-first.ts';
import { requestsRow } from './gather-requests.ts';
import { steadyRows } from './gather-steady.ts';
import type { Row } from './row.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    rows: { type: 'string' },
    json: { type: 'string', default: 'bench.json' },
  },
});

/** Each measures one row or several; in this order, one after the other, so that none disturbs another. */
const measures: { rows: number[]; measure(): Promise<Row | Row[]> }[] = [
  { rows: [1], measure: requestsRow },
  { rows: [2, 5], measure: () => steadyRows(values) },
  { rows: [3, 4], measure: () => firstRows(values) },
  { rows: [9], measure: () => decisionRow() },
  { rows: [11], measure: bundleRow },
  { rows: [16], measure: () => drainRow(values) },
];

const wanted = values.rows?.split(',').map(Number);
const rows: Row[] = [];
for (const { rows: numbers, measure } of measures) {
  if (wanted !== undefined && !numbers.some((number) => wanted.includes(number))) continue;
  console.error(`measuring row ${numbers.join(' and ')} …`);
  rows.push(...[await measure()].flat());
}
rows.sort((a, b) => a.row - b.row);
console.log(table(rows));
writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
console.log(`\nAs JSON: ${values.json}`);

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

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
