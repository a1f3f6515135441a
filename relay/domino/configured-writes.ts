/** Creates the writes that the configuration asks for: `console` in relay.json. */
import type { TravelerSource } from '#adapters/traveler/contract';
import { commandConsole } from './command-console.ts';
import type { DominoConsole } from './console.ts';
import { consoleWrites } from './console-writes.ts';
import type { DeviceWrites } from './device-writes.ts';
import { notesConsole } from './notes-console.ts';
import { restWrites } from './rest-writes.ts';

/** How long to wait for an effect after a write, in seconds; the default if omitted. */
type ReadBackTime = { patienceSeconds?: number | undefined };
type Program = ReadBackTime & { timeoutSeconds?: number | undefined };
export type ConsoleSettings =
  | (Program & { by: 'command'; command: readonly string[]; directory?: string | undefined })
  | (Program & { by: 'notes'; server: string; script?: string | undefined; passwordFile?: string | undefined })
  | (ReadBackTime & { by: 'rest' });

/** `rest`: the server's REST; null if it has none (Traveler 8.5.x). */
type RestWriter = { rest: TravelerSource | null };

/** Throws for `rest` if the server has no REST; the configuration is rejected before that. */
export function configuredWrites(settings: ConsoleSettings, { rest }: RestWriter): DeviceWrites {
  const { patienceSeconds } = settings;
  const timeout = patienceSeconds === undefined ? {} : { timeoutMs: patienceSeconds * 1000 };
  const console = consoleOf(settings);
  if (console !== null)
    return consoleWrites(console, { rest, ...(settings.by === 'notes' ? { where: 'Notes client' } : {}), ...timeout });
  if (rest === null) throw new Error('console.by "rest" needs a Traveler server with REST (version 9.0 or later)');
  return restWrites(rest, timeout);
}

/** The connection to the Domino console; null if there is none. */
export function consoleOf(settings: ConsoleSettings): DominoConsole | null {
  if (settings.by === 'rest') return null;
  const withTime = { ...settings, ...timeoutOf(settings) };
  return withTime.by === 'command' ? commandConsole(withTime) : notesConsole(withTime);
}

const timeoutOf = ({ timeoutSeconds }: { timeoutSeconds?: number | undefined }) =>
  timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 };
