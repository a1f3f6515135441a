/** Domino's view format: the response to `?ReadViewEntries&OutputFormat=JSON`. Parsed row by row, so that a bad row spoils no page. */
import { z } from 'zod';
import type { Items } from './traveler-document.ts';

/** A value is `{"0": "…"}`; in a list, one each. */
const value = z.looseObject({ '0': z.coerce.string() }).transform((given) => given['0']);
const some = z.union([value, z.array(value)]);
const column = z.looseObject({
  '@name': z.string().optional(),
  text: some.optional(),
  number: some.optional(),
  datetime: some.optional(),
  textlist: z.looseObject({ text: some }).optional(),
  numberlist: z.looseObject({ number: some }).optional(),
  datetimelist: z.looseObject({ datetime: some }).optional(),
});
const entry = z.looseObject({
  '@unid': z.string().min(1),
  entrydata: z.union([z.array(column), column.transform((one) => [one])]),
});
const count = z.coerce.number().int().nonnegative();
export const viewPage = z.looseObject({
  '@toplevelentries': count.nullish().catch(null),
  viewentry: z.union([z.array(z.unknown()), z.looseObject({}).transform((one) => [one as unknown])]).optional(),
});
export type ViewPage = z.infer<typeof viewPage>;

export type ViewEntry = { unid: string; items: Items };

/** Null for anything that is not a document: a category, a total, nonsense. */
export function documentOf(given: unknown): ViewEntry | null {
  const parsed = entry.safeParse(given);
  if (!parsed.success) return null;
  const { '@unid': unid, entrydata } = parsed.data;
  return { unid, items: Object.fromEntries(entrydata.map((one, nth) => [one['@name'] ?? String(nth), contentOf(one)])) };
}

/** Row number in a view without categories; null if it has none. */
export function positionOf(given: unknown): number | null {
  const parsed = z.looseObject({ '@position': z.coerce.string().regex(/^\d+$/).transform(Number) }).safeParse(given);
  return parsed.success ? parsed.data['@position'] : null;
}

/** Categories and totals have no document: they do not count as rows. */
export const isDocument = (given: unknown): boolean => z.looseObject({ '@unid': z.string().min(1) }).safeParse(given).success;

function contentOf({ text, number, datetime, textlist, numberlist, datetimelist }: z.infer<typeof column>): unknown {
  const time = datetime ?? datetimelist?.datetime;
  if (time !== undefined) return epochOf([time].flat()[0] ?? '');
  const content = text ?? number ?? textlist?.text ?? numberlist?.number;
  return Array.isArray(content) && content.length === 1 ? content[0] : content;
}

/** `20260302T120000,00+01` or `…Z`: Domino's basic form, hundredths after the comma. Undefined if it is not a time. */
export function epochOf(time: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:,(\d\d))?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(time.trim());
  if (found === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, hundredths = '00', zone = 'Z'] = found;
  const offset = zone === 'Z' ? zone : zone.length === 3 ? `${zone}:00` : zone.replace(/(\d\d):?(\d\d)$/, '$1:$2');
  const at = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${hundredths}0${offset}`);
  return Number.isNaN(at) ? undefined : at;
}
