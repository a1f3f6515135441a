/**
 * Reads Traveler 8.5 over HTTP, from its own database LotusTraveler.nsf: the JSON that Domino makes of a view. Only ever reads:
 * Traveler keeps its state in these documents, and a write to them would corrupt it.
 *
 * Which columns the view shows on a given server is not known beforehand. Without user and device id nothing can be done, and it
 * says so; any other missing column is unknown.
 */
import { type Connection, connect } from '#adapters/traveler/connection';
import type { DevicePage, Found, TravelerOptions } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';
import type { Reads } from '../gather/ports.ts';
import { sharedScan } from './shared-scan.ts';
import { traveler8Facts } from './traveler-8.ts';
import { deviceOf } from './traveler-document.ts';
import { documentOf, isDocument, positionOf, viewPage } from './view-entries.ts';

export type HttpReadsOptions = TravelerOptions & { rowsPerPage?: number };

const subject = 'device view of LotusTraveler.nsf';
/** Domino's default maximum; fewer rows do no harm. */
const defaultRows = 1_000;

type Read = {
  entries: number;
  documents: number;
  devices: Found[];
  total: number | null;
  /** Distinguishes this page from others. */
  first: string;
  /** Number of its last row. */
  last: number;
};

export function httpReads({ rowsPerPage = defaultRows, ...options }: HttpReadsOptions): Reads {
  const connection = connect(options);

  async function* pages(): AsyncGenerator<DevicePage & { devices: Found[] }> {
    const firsts = new Set<string>();
    const so = { far: 0, flat: true, named: false };
    for (let page = 1; ; page++) {
      const read = await readPage(connection, { start: so.far + 1, count: rowsPerPage });
      // Past its end a view may repeat its last rows; a server that does not know Start repeats its first.
      if (read.entries > 0 && firsts.size === firsts.add(read.first).size) return;
      so.far = Math.max(so.far + 1, read.last);
      so.flat &&= read.entries === read.documents;
      so.named ||= read.devices.length > 0;
      if (!so.named && read.documents > 0) throw withoutColumns(connection.address.origin);
      // The total counts top-level rows: in a view with categories, that is not the number of documents.
      const totalRecords = so.flat ? read.total : null;
      yield { devices: read.devices, totalRecords, rejected: read.documents - read.devices.length, page };
      if (read.entries === 0 || (totalRecords !== null && so.far >= totalRecords)) return;
    }
  }

  const find = sharedScan(async function* all() {
    for await (const { devices } of pages()) yield devices;
  });
  return {
    pages,
    read: find,
    facts: async () => traveler8Facts,
    get requests() {
      return connection.requests;
    },
    close: () => connection.close(),
  };
}

async function readPage(connection: Connection, { start, count }: { start: number; count: number }): Promise<Read> {
  const { address } = connection;
  const view = `LotusTraveler.nsf/vDevice?ReadViewEntries&OutputFormat=JSON&Start=${start}&Count=${count}`;
  const answer = await connection.call({ method: 'GET', path: address.below(view), subject, bare: true });
  const parsed = answer === 'gone' ? null : viewPage.safeParse(answer);
  if (!parsed?.success) throw noView(address.origin, parsed === null);
  const { viewentry: entries = [], '@toplevelentries': total = null } = parsed.data;
  const documents = entries.filter(isDocument);
  const devices = documents.flatMap((given) => deviceIn(given) ?? []);
  const last = positionOf(entries.at(-1)) ?? start - 1 + entries.length;
  const first = JSON.stringify(entries[0] ?? null);
  return { entries: entries.length, documents: documents.length, devices, total, first, last };
}

function deviceIn(given: unknown): Found | null {
  const found = documentOf(given);
  return found && deviceOf(found.items, `/LotusTraveler.nsf/0/${found.unid}`);
}

function noView(origin: string, missing: boolean): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: missing ? 'There is no LotusTraveler.nsf with a view vDevice at this address (404)' : 'The answer is no Domino view',
    where: `${origin} ${subject}`,
    remedy:
      'Check traveler.url. For Traveler 9 and later set traveler.read to "rest"; on 8.5 see that the database may be opened over HTTP by this user (reader access, maximum internet access).',
  });
}

function withoutColumns(origin: string): TravelerFailure {
  return new TravelerFailure('permanent', {
    what: 'The view vDevice shows no columns Username and deviceid, so its rows name no device',
    where: `${origin} ${subject}`,
    remedy: 'Set traveler.read to "notes" in the relay’s configuration: that reads the documents themselves.',
  });
}
