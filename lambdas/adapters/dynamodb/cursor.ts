/** Page cursors: where a listing continues, as opaque text that fits into a URL. */
import { z } from 'zod';

/** A page of a list; `cursor`: where the next page begins, null after the last one. */
export type Page<T> = { items: T[]; cursor: string | null };
/** `cursor`: from the previous page; default: from the beginning. */
export type PageRequest = { cursor?: string | null | undefined; limit?: number | undefined };

const startKey = z.record(z.string(), z.union([z.string(), z.number()]));

/** `key`: of the last item on the page. */
export const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Throws a `CursorError` on text that is not a cursor of ours. */
export function decodeCursor(cursor: string): Record<string, string | number> {
  try {
    return startKey.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new CursorError(cause);
  }
}

export class CursorError extends Error {
  constructor(cause: unknown) {
    super('The cursor is not one that this listing gave. Start without a cursor.', { cause });
    this.name = 'CursorError';
  }
}
