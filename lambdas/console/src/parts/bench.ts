/** The results of the bench, read from the page that it writes (docs/bench.md), so that the console never shows other figures. */
import page from '../../../../docs/bench.md?raw';

export type BenchRow = { number: string; measure: string; value: string; against: string; mark: string; met: string };

/** Rows of the page's table. Pure. */
export function rowsOf(markdown: string): BenchRow[] {
  return markdown.split('\n').flatMap((line) => {
    const [, number, measure, value, against, mark, met] = line.split('|').map((cell) => cell.trim().replaceAll('**', ''));
    if (!/^\d+$/.test(number ?? '') || met === undefined) return [];
    return [{ number, measure, value, against, mark, met } as BenchRow];
  });
}

/** `Measured on 2026-11-22, Node 24.21.0, 2 processors …`, as on the page; empty if it has no such line. */
export const measuredOn = (markdown: string): string => /Measured on [^.]*\d[^\n]*/.exec(markdown)?.[0] ?? '';

export const benchRows = rowsOf(page);
export const benchMeasuredOn = measuredOn(page);
