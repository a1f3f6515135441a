/** Lists that the API answers in pages: the first page, and one more each time the reader asks for it. */
import { useCallback, useState } from 'react';
import type { z } from 'zod';
import { read } from './api.ts';
import { type Live, useLiveRead } from './use-polling.ts';

export type Page = { cursor: string | null };
/** `join`: a list of both pages, with the cursor of the second. */
export type Paging<P extends Page> = { schema: z.ZodType<P>; join(before: P, next: P): P };

/** Pages from the first one on, joined: at most `most`, or as far as there are any. An empty cursor asks for the first. */
export async function joinedPages<P extends Page>(
  readPage: (cursor: string) => Promise<P>,
  { join, most }: { join: Paging<P>['join']; most: number },
): Promise<P> {
  let joined = await readPage('');
  for (let count = 1; count < most && joined.cursor !== null; count += 1) joined = join(joined, await readPage(joined.cursor));
  return joined;
}

/** A list that is asked for again every `everyMs` a page; `more` adds a page to what is asked for. `paging` must stay the same. */
export function useLivePages<P extends Page>(
  path: string | null,
  { schema, join }: Paging<P>,
  everyMs: number,
): Live<P> & { more(): void } {
  const [most, setMost] = useState(1);
  const more = useCallback(() => setMost((count) => count + 1), []);
  const ask = useCallback(
    (first: string, signal: AbortSignal) =>
      joinedPages((cursor) => read(withCursor(first, cursor), schema, signal), { join, most }),
    [schema, join, most],
  );
  return { ...useLiveRead(path, ask, everyMs * most), more };
}

function withCursor(path: string, cursor: string): string {
  if (cursor === '') return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ cursor })}`;
}
