/** Who may read a file. Windows has no modes: the access list of the folder, set at installation, applies there. */
import { accessSync, type Stats } from 'node:fs';

export const readableByOthers = ({ mode }: Pick<Stats, 'mode'>, platform: NodeJS.Platform = process.platform): boolean =>
  platform !== 'win32' && (mode & 0o077) !== 0;

/** Whether this account has the given access (`constants.W_OK` or another mode of node:fs). */
export function isAllowed(path: string, use: number): boolean {
  try {
    accessSync(path, use);
    return true;
  } catch {
    return false;
  }
}
