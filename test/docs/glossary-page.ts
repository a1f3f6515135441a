/** Reads docs/glossary.md: groups are headings of the second level, entries are list items that begin with a bold term. */

/** `says`: the definition in one line. */
export type Entry = { group: string; term: string; says: string };

/** Headings of the second level, in their order. */
export const groupsOf = (page: string): string[] => [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title ?? '');

export function entriesOf(page: string): Entry[] {
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const [group = '', ...lines] = section.split('\n');
      const items = [...lines.join('\n').matchAll(/^- \*\*(.+?)\*\*: ((?:.+\n?)(?: {2}.+\n?)*)/gm)];
      return items.map(([, term = '', says = '']) => ({ group, term, says: says.replace(/\s*\n\s*/g, ' ').trim() }));
    });
}
