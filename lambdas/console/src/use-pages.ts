/** Lists that the API returns in pages: the first page, and one more each time the reader asks for it. */
import { useCallback, useState } from 'react';
import type { z } from 'zod';
import { read } from './api.ts';
import { type Polled, usePolledRead } from './use-polling.ts';

export type Page = { cursor: string | null };
/** `join`: a list of both pages, with the cursor of the second. */
export type Paging<P extends Page> = { schema: z.ZodType<P>; join(before: P, next: P): P };

/** The first pages of a list, joined: at most `most`, or as many as there are. An empty cursor requests the first page. */
export async function joinedPages<P extends Page>(
  readPage: (cursor: string) => Promise<P>,
  { join, most }: { join: Paging<P>['join']; most: number },
): Promise<P> {
  let joined = await readPage('');
  for (let count = 1; count < most && joined.cursor !== null; count += 1) joined = join(joined, await readPage(joined.cursor));
  return joined;
}

/** A list that is read again every `everyMs` times the number of pages; `more` adds a page. `paging` must stay the same object. */
export function usePages<P extends Page>(
  path: string | null,
  { schema, join }: Paging<P>,
  everyMs: number,
): Polled<P> & { more(): void } {
  const [most, setMost] = useState(1);
  const more = useCallback(() => setMost((count) => count + 1), []);
  const readOnce = useCallback(
    (first: string, signal: AbortSignal) =>
      joinedPages((cursor) => read(withCursor(first, cursor), schema, signal), { join, most }),
    [schema, join, most],
  );
  return { ...usePolledRead(path, readOnce, everyMs * most), more };
}

function withCursor(path: string, cursor: string): string {
  if (cursor === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ cursor })}`;
}
