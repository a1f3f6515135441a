/** Asks for the first page of the list at once, while what it is compared with is still being read. */
export type EarlyList<Page> = {
  /** All pages, the first one included. Once. */
  pages(): AsyncGenerator<Page>;
  /** For a gather that ends before it reads the list: asks for nothing more. */
  abandon(): void;
};

export function earlyList<Page>(list: AsyncIterable<Page>): EarlyList<Page> {
  const reader = list[Symbol.asyncIterator]();
  const first = reader.next();
  // Its failure is that of whoever reads the pages; until then it is nobody's.
  first.catch(() => undefined);
  return {
    async *pages() {
      try {
        for (let page = await first; !page.done; page = await reader.next()) yield page.value;
      } finally {
        await reader.return?.();
      }
    },
    abandon() {
      reader.return?.().catch(() => undefined);
    },
  };
}
