/** The bench as a page of the documentation: what was measured, when, on what machine, and what the figures do not say. */
import { cpus, loadavg, totalmem } from 'node:os';
import { figure, type Row } from './row.ts';

const gigabyte = 1024 ** 3;
const crowded =
  '**Others used the processors meanwhile**: what otherwise hides behind the waiting for a server then counts in full, so a missed timing here is to be measured again on a quiet machine, and counts are not concerned.';

export function page(rows: readonly Row[], at: Date): string {
  const [processor] = cpus();
  const [load = 0] = loadavg();
  const lines = rows.map((row) => {
    const value = `${figure(row.value)} ${row.unit}`;
    return cells([String(row.row), row.measure, value, row.against, row.mark, row.met ? 'met' : '**missed**']);
  });
  const notes = rows.flatMap(({ row, note }) => (note === undefined ? [] : [`- **${row}**: ${note}.`]));
  return `# Speed and cost, measured

Written by \`npm run bench -- --markdown docs/bench.md\`; \`npm run bench -- --rows 2,11\` measures single rows. Each timing is a ratio,
taken in one run against a floor or a rival on the same work, because times on a shared machine drift; counts are exact.

Measured on ${at.toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${(totalmem() / gigabyte).toFixed(0)} GB, load ${load.toFixed(1)}
when the last row was done.${load > cpus().length ? ` ${crowded}` : ''}

${cells(['#', 'measure', 'value', 'against', 'mark', ''])}
|---|---|---|---|---|---|
${lines.join('\n')}

${notes.join('\n')}
`;
}

const cells = (texts: readonly string[]): string => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
