/** Markdown of a generated page: its notice, its tables, its lines. */
export const notice = (source: string): string =>
  `<!-- Generated from ${source} by \`npm run docs\`. Edit that file, not this page. -->`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
export const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
/** The two lines that begin a table. */
export const head = (...titles: readonly string[]): string[] => [row(...titles), row(...titles.map(() => '---'))];

export const page = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
