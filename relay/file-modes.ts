/** Who may read a file. Windows has no modes: there the folder's access list decides, which the installation sets. */
import { accessSync, type Stats } from 'node:fs';

export const readableByOthers = ({ mode }: Pick<Stats, 'mode'>, platform: NodeJS.Platform = process.platform): boolean =>
  platform !== 'win32' && (mode & 0o077) !== 0;

/** Whether this account may use it as `use` says (`constants.W_OK` or another of node:fs). */
export function isAllowed(path: string, use: number): boolean {
  try {
    accessSync(path, use);
    return true;
  } catch {
    return false;
  }
}
