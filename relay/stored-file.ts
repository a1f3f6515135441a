/**
 * Files that the relay keeps between starts. Only a file that does not exist counts as absent: one that cannot be read or parsed is
 * an error that says what to do, because starting without it would lose what it holds.
 */
import { readFileSync, statSync } from 'node:fs';
import { errorCode } from './error-code.ts';
import { RelayRefusal } from './refusal.ts';

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };

/** Null if the file does not exist. Throws RelayRefusal if it cannot be read. */
export const readStoredText = (file: string): string | null => ifPresent(file, () => readFileSync(file, 'utf8'));

/** False if the file does not exist. Throws RelayRefusal if that cannot be determined. */
export const isStored = (file: string): boolean => ifPresent(file, () => statSync(file)) !== null;

/** The parsed JSON; null if the file does not exist. `remedy`: what to do about damaged content. Throws RelayRefusal. */
export function readStoredJson<T>(file: string, { schema, remedy }: { schema: Schema<T>; remedy: string }): T | null {
  const text = readStoredText(file);
  if (text === null) return null;
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new RelayRefusal(`${file} is damaged.`, remedy);
}

/** Undefined, which no schema accepts, if it is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ifPresent<T>(file: string, read: () => T): T | null {
  try {
    return read();
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT') return null;
    throw new RelayRefusal(`${file} cannot be read (${code}).`, remedies[code] ?? 'Check the disk and the data folder.', {
      cause,
    });
  }
}

const account = 'Let the account of the relay read it (it should own the data folder), or run this command as that account.';
const remedies: Record<string, string> = {
  EACCES: account,
  EPERM: account,
  EISDIR: 'A folder is where a file should be: move it away.',
  ENOTDIR: 'A file is where a folder should be: check --data and RELAY_DATA.',
  EIO: 'Check the disk of this machine.',
};
