/** Whether the program for the Domino console exists and can be run. */
import { constants, existsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { RelayFile } from '../../configuration/schema.ts';
import { isAllowed } from '../../file-modes.ts';
import { notesCommand } from '../../notes/notes-command.ts';

/** Null if none is used. */
export function programOf(
  settings: RelayFile['console'],
  platform: NodeJS.Platform,
): { found: string } | { missing: string } | null {
  if (settings.by === 'rest') return null;
  if (settings.by === 'notes') {
    if (platform !== 'win32') return { missing: 'the Notes client is driven on Windows only' };
    const [powershell = '', ...rest] = notesCommand('console', { Server: settings.server, Line: '' }, settings);
    const script = rest[rest.indexOf('-File') + 1] ?? '';
    return existsSync(script) ? { found: powershell } : { missing: `there is no ${script}` };
  }
  const [program = ''] = settings.command;
  if (settings.directory !== undefined && !isFolder(settings.directory))
    return { missing: `console.directory is no folder (${settings.directory})` };
  const places = /[/\\]/.test(program)
    ? [program]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  const there = places.find((file) => existsSync(file) && !isFolder(file));
  if (there === undefined) return { missing: `there is no ${program}${isAbsolute(program) ? '' : ' on the PATH'}` };
  return isAllowed(there, constants.X_OK) ? { found: there } : { missing: `${there} may not be run by this account` };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
