/** Who may read a file. Windows has no modes: there the folder's access list decides, which the installation sets. */
import type { Stats } from 'node:fs';

export const readableByOthers = ({ mode }: Pick<Stats, 'mode'>, platform: NodeJS.Platform = process.platform): boolean =>
  platform !== 'win32' && (mode & 0o077) !== 0;
