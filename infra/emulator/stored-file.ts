/**
 * Files that the local stack keeps between starts. Absent means ENOENT and nothing else: a file that exists and cannot be read is
 * an error for its user, because continuing without it would lose its content.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { z } from 'zod';
import { codeOf, StartError } from './start-error.ts';

/** `holds`: what the file contains; `remedy`: what happens when it is removed. Both for the message. */
export type StoredFile<S extends z.ZodType> = { schema: S; holds: string; remedy: string };

/** Null if there is no such file. Throws StartError that names the file and quotes none of its content. */
export function readStored<S extends z.ZodType>(file: string, { schema, holds, remedy }: StoredFile<S>): z.output<S> | null {
  const text = textOf(file, holds);
  if (text === null) return null;
  const parsed = schema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new StartError(`${file} (${holds}) is damaged, or written by another version. Restore it, or remove it: ${remedy}`);
}

/** Text of a file; null if there is none. Throws StartError if it cannot be read for any other reason. */
export function textOf(file: string, holds: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw new StartError(`${file} (${holds}) cannot be read: ${reasonOf(error)}.`);
  }
}

export const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** For `catch`: returns `value` if the file does not exist, and throws any other error. */
export const orIfAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (isAbsent(error)) return value;
    throw error;
  };

/** Replaces the content atomically, even if the machine stops meanwhile. Readable by its owner only. */
export async function replaceStored(file: string, content: string): Promise<void> {
  const draft = `${file}.${randomUUID()}.new`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

const reasons: Record<string, string> = {
  EACCES: 'this account may not read it (EACCES). Run as its owner, or correct its permissions',
  EPERM: 'this account may not read it (EPERM). Run as its owner, or correct its permissions',
  EISDIR: 'it is a folder (EISDIR). Move the folder away',
};

/** Why a file or folder cannot be used, and what to do, as the end of a sentence. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return (code && reasons[code]) ?? `${code ?? String(error)}. Check the disk and the path`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
