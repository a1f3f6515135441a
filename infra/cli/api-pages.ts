/** Lists that the API returns in pages. */

/** Reads page after page, until one has no cursor. An empty cursor requests the first page. */
export async function* pagesOf<P extends { cursor: string | null }>(readPage: (cursor: string) => Promise<P>): AsyncGenerator<P> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: P = await readPage(cursor);
    yield page;
    cursor = page.cursor;
  }
}

/** The first `most` items of a list, and whether there are more. */
export async function firstOf<P extends { cursor: string | null }, T>(
  readPage: (cursor: string) => Promise<P>,
  { itemsOf, most = Number.POSITIVE_INFINITY }: { itemsOf: (page: P) => readonly T[]; most?: number },
): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  for await (const page of pagesOf(readPage)) {
    items.push(...itemsOf(page));
    if (items.length >= most) return { items: items.slice(0, most), more: items.length > most || page.cursor !== null };
  }
  return { items, more: false };
}
