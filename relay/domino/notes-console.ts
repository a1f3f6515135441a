/** The console through the Notes client on this Windows machine, driven by the shipped script (relay/notes). */
import { type NotesOptions, notesCommand } from '../notes/notes-command.ts';
import { commandConsole } from './command-console.ts';
import type { DominoConsole } from './console.ts';

export type NotesConsoleOptions = NotesOptions & {
  /** The Domino server whose console is used: `Mail01/Acme`. */
  server: string;
  timeoutMs?: number;
};

export function notesConsole({ server, timeoutMs, ...options }: NotesConsoleOptions): DominoConsole {
  return commandConsole({
    command: notesCommand('console', { Server: server, Line: '{line}' }, options),
    where: 'Notes client',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
