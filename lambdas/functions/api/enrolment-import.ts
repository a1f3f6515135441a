/** Parses an import of enrolments, JSON or CSV. One wrong row rejects the whole import; every wrong field is named. */
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { type Enrolment, enrolment } from '#domain/enrolment/enrolment';
import { malformed, Problem } from './problem.ts';

/** Maximum number of rows in one request: few enough to be applied within the time of a request. */
export const mostEnrolments = 5000;

const jsonImport = z.union([z.array(z.unknown()), z.object({ enrolments: z.array(z.unknown()) }).transform((o) => o.enrolments)]);

/** An array of enrolments, or `{ "enrolments": [...] }`. Throws a Problem. */
export function readJsonImport(body: unknown): Enrolment[] {
  const rows = jsonImport.safeParse(body);
  if (!rows.success)
    throw new Problem(400, 'An import is an array of enrolments, or { "enrolments": [...] }; nothing was taken.', {
      errors: [{ path: 'enrolments', message: 'is to be an array' }],
    });
  return parseRows(rows.data, (index) => ['enrolments', index]);
}

/**
 * Columns, in any order and letter case: id, email, name, travelerUser, platform, status, serial, mailDeviceIds and
 * secureMailDeviceIds (several separated by `;`), mailConfiguration, changedAt, version. Empty = missing. Throws a Problem.
 */
export function readCsvImport(text: string): Enrolment[] {
  const rows = parsedCsv(text).map(enrolmentOfRow);
  // Line 1 is the header.
  return parseRows(rows, (index) => [`line ${index + 2}`]);
}

function parseRows(rows: readonly unknown[], place: (index: number) => PropertyKey[]): Enrolment[] {
  if (rows.length > mostEnrolments)
    throw new Problem(413, `An import takes at most ${mostEnrolments} enrolments; send the rest in further requests.`);
  const parsed = rows.map((row, index) => ({ index, result: enrolment.safeParse(row) }));
  const errors = parsed.flatMap(({ index, result }) => (result.success ? [] : malformed(result.error, place(index)).errors));
  if (errors.length > 0) throw new Problem(400, 'Some enrolments were not understood; none was taken.', { errors });
  return parsed.flatMap(({ result }) => (result.success ? [result.data] : []));
}

function parsedCsv(text: string): Record<string, string>[] {
  try {
    const columns = (header: string[]) =>
      header.map((name) =>
        name
          .trim()
          .toLowerCase()
          .replace(/^user\./, ''),
      );
    const rows: unknown = parse(text, { columns, bom: true, trim: true, skip_empty_lines: true });
    return z.array(z.record(z.string(), z.string())).parse(rows);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Problem(400, 'The CSV was not understood; nothing was taken.', {
      errors: [{ path: `line ${error.lines ?? 1}`, message: error.code }],
    });
  }
}

function enrolmentOfRow(row: Record<string, string>): unknown {
  const cell = (name: string) => row[name.toLowerCase()] || undefined;
  const list = (name: string) =>
    cell(name)
      ?.split(';')
      .map((id) => id.trim())
      .filter(Boolean);
  const count = (name: string) => (cell(name) === undefined ? undefined : Number(cell(name)));
  const changedAt = cell('changedAt');
  return {
    id: cell('id'),
    user: { email: cell('email'), name: cell('name'), travelerUser: cell('travelerUser') },
    platform: cell('platform'),
    status: cell('status'),
    serial: cell('serial'),
    mailDeviceIds: list('mailDeviceIds') ?? [],
    secureMailDeviceIds: list('secureMailDeviceIds'),
    mailConfiguration: cell('mailConfiguration'),
    changedAt: changedAt !== undefined && /^\d+$/.test(changedAt) ? Number(changedAt) : changedAt,
    version: count('version'),
  };
}
