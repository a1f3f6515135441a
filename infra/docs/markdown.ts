/** Pieces of the generated pages. */

/** The first line of a generated page. `source`: the file that it is made from. */
export const notice = (source: string) => `<!-- Generated from ${source} by \`npm run docs\`. Edit that file, not this page. -->`;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
export const row = (...cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
export const head = (...titles: readonly string[]) => [row(...titles), row(...titles.map(() => '---'))];
export const page = (lines: readonly string[]) => `${lines.join('\n')}\n`;
