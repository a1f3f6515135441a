/**
 * Replaces a small file atomically; it is on disk when this returns. Synchronous, because a number must not be used before its block
 * is reserved. (Libraries for this skip syncing the folder, without which a power cut can bring the old file back.)
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file is readable by its owner only. */
export function replaceFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  synced(openSync(draft, 'w', 0o600), (fd) => writeFileSync(fd, text));
  renameSync(draft, file);
  // Windows cannot open folders; NTFS journals the rename itself.
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
