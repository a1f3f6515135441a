/**
 * Reads Traveler 8.5 through the Notes client on this Windows machine: the shipped script (relay/notes) prints each document of
 * LotusTraveler.nsf as one line of JSON. Its arguments come from the configuration only.
 */
import { z } from 'zod';
import type { DevicePage, Found } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Reads } from '../gather/ports.ts';
import { type NotesOptions, notesCommand } from '../notes/notes-command.ts';
import { ProgramFailed, type ProgramLimits, programLines } from './program-lines.ts';
import { sharedScan } from './shared-scan.ts';
import { traveler8Facts } from './traveler-8.ts';
import { deviceOf } from './traveler-document.ts';

export type NotesReadsOptions = NotesOptions & {
  /** As the Notes client names it: `Mail01/Acme`. */
  server: string;
  limits?: Partial<ProgramLimits>;
  /** Instead of the shipped script with its arguments: for tests. */
  command?: readonly string[];
};

const where = 'LotusTraveler.nsf through the Notes client';
const rowsPerPage = 200;
const usual: ProgramLimits = { idleMs: 120_000, lineLength: 256 * 1024 };

const document = z.object({ unid: z.string().min(1), items: z.record(z.string(), z.unknown()) });
const end = z.object({ end: z.number().int().nonnegative() });

export function notesReads({ server, limits, command, ...options }: NotesReadsOptions): Reads {
  let requests = 0;

  async function* pages(): AsyncGenerator<DevicePage & { devices: Found[] }> {
    requests++;
    let [devices, rejected, rows, page] = [[] as Found[], 0, 0, 1];
    let announced: number | null = null;
    try {
      for await (const line of programLines(command ?? notesCommand('devices', { Server: server }, options), {
        ...usual,
        ...limits,
      })) {
        const given = parsed(line);
        const last = end.safeParse(given);
        if (last.success) {
          announced = last.data.end;
          continue;
        }
        rows++;
        const found = deviceIn(given);
        if (found === null) rejected++;
        else devices.push(found);
        if (devices.length < rowsPerPage) continue;
        yield { devices, rejected, totalRecords: null, page: page++ };
        [devices, rejected] = [[], 0];
      }
    } catch (error) {
      throw error instanceof ProgramFailed ? failureOf(error) : error;
    }
    if (announced !== rows) throw brokenOff();
    yield { devices, rejected, totalRecords: announced, page };
  }

  const find = sharedScan(async function* all() {
    for await (const { devices } of pages()) yield devices;
  });
  return {
    pages,
    read: find,
    facts: async () => traveler8Facts,
    get requests() {
      return requests;
    },
    close: async () => undefined,
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line.charCodeAt(0) === 0xfeff ? line.slice(1) : line);
  } catch {
    return null;
  }
}

function deviceIn(given: unknown): Found | null {
  const found = document.safeParse(given);
  return found.success ? deviceOf(found.data.items, `/LotusTraveler.nsf/0/${found.data.unid}`) : null;
}

const brokenOff = () =>
  new TravelerFailure('transient', {
    what: 'The script for the Notes client broke off before its end',
    where,
    remedy: 'It is tried again by itself. If this lasts, run it by hand on this machine: traveler-notes.ps1 devices -Server …',
  });

/** The script's exit codes: 2 called wrongly, 3 no Notes client, 4 no database. */
function failureOf({ how, code }: ProgramFailed): TravelerFailure {
  if (how === 'silent' || how === 'endless-line')
    return new TravelerFailure('transient', {
      what: `The script for the Notes client ${how === 'silent' ? 'went silent and was stopped' : 'printed a line without end'}`,
      where,
      remedy: 'Check that the Domino server can be reached from the Notes client on this machine. It is tried again by itself.',
    });
  if (how === 'not-started')
    return new TravelerFailure('permanent', {
      what: `Windows PowerShell cannot be started (${code ?? 'no code'})`,
      where,
      remedy: 'Reading through the Notes client works on Windows only; elsewhere set traveler.read to "http" or "rest".',
    });
  if (code === 3)
    return new TravelerFailure('permanent', {
      what: 'The Notes client cannot be used on this machine',
      where,
      remedy:
        'Install it for all users, start it once with the account of the relay, and give the relay the file with the password of its id.',
    });
  if (code === 4)
    return new TravelerFailure('denied', {
      what: 'The database LotusTraveler.nsf or its view vDevice cannot be opened',
      where,
      remedy:
        'Check console.server in the relay’s configuration, and give the Notes id of the relay reader access to that database.',
    });
  return brokenOff();
}
