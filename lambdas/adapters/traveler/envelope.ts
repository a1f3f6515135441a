/** The envelope of every Traveler response: `{ code, message, href, next, totalRecords, data }`. */
import { z } from 'zod';

const whole = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\s*\d+\s*$/)
      .transform(Number),
  ])
  .pipe(z.number().int().nonnegative());

/** `data` is not parsed here: its rows are parsed one by one, so that one bad row does not spoil the page. */
export const envelope = z.looseObject({
  code: whole.optional(),
  next: z.string().nullish(),
  totalRecords: whole.nullish().catch(null),
  data: z.unknown().optional(),
});
export type Envelope = z.infer<typeof envelope>;

/** The rows of a list: an object for one device, none for null. Undefined when there is no list at all. */
export function rowsOf({ data }: Envelope): unknown[] | undefined {
  if (Array.isArray(data)) return data;
  if (data === null) return [];
  return typeof data === 'object' ? [data] : undefined;
}
