/** Requests the first page of the list immediately, while what it is compared with is still being read. */
export type EarlyList<Page> = {
  /** All pages, including the first one. May be called once. */
  pages(): AsyncGenerator<Page>;
  /** For a gather that ends before it reads the list: requests nothing more. */
  abandon(): void;
};

export function earlyList<Page>(list: AsyncIterable<Page>): EarlyList<Page> {
  const reader = list[Symbol.asyncIterator]();
  const first = reader.next();
  // The reader of the pages gets its failure; until then it must not count as unhandled.
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
