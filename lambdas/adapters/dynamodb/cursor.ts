/** Page cursors: where a listing goes on, as opaque text that fits into a URL. */
import { z } from 'zod';

const startKey = z.record(z.string(), z.string());

export const encodeCursor = (key: Record<string, unknown>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Throws a `CursorError` on a text that no listing of ours gave. */
export function decodeCursor(cursor: string): Record<string, string> {
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
