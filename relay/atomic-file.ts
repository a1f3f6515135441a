/**
 * A small file replaced as a whole, and on disk when this returns. Synchronous: a number must not be used before its block is
 * reserved. (Libraries for it leave out the folder's own sync, without which a power cut can bring the old file back.)
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Readable by its owner alone. */
export function replaceFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  synced(openSync(draft, 'w', 0o600), (fd) => writeFileSync(fd, text));
  renameSync(draft, file);
  // Windows opens no folders; NTFS journals the renaming itself.
  if (process.platform !== 'win32') synced(openSync(dirname(file), 'r'));
}

function synced(fd: number, write: (fd: number) => void = () => {}): void {
  try {
    write(fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
