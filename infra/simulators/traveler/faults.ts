/** Faults that Traveler servers have been observed to have, injected on request. One list and schema for code, command line and control. */
import { z } from 'zod';

export const requestKind = z.enum(['list', 'detail', 'write', 'settings', 'servers', 'pushstatus', 'status', 'view']);
export type RequestKind = z.infer<typeof requestKind>;

/** Which requests the fault affects (default: any), and how often before it ends (default: never ends). */
const where = { on: z.union([requestKind, z.literal('any')]).default('any'), times: z.number().int().positive().optional() };
const every = z.number().int().positive().default(10);

export const fault = z.discriminatedUnion('kind', [
  // What happens to a request
  z.strictObject({
    kind: z.literal('status'),
    code: z.number().int().min(300).max(599).default(503),
    retryAfter: z.string().optional(),
    ...where,
  }),
  z.strictObject({ kind: z.literal('envelope-code'), code: z.number().int().default(500), ...where }),
  z.strictObject({ kind: z.literal('empty-body'), ...where }),
  z.strictObject({ kind: z.literal('login-page'), ...where }),
  z.strictObject({ kind: z.literal('login-redirect'), ...where }),
  z.strictObject({ kind: z.literal('malformed-json'), ...where }),
  z.strictObject({ kind: z.literal('cut-body'), ...where }),
  z.strictObject({ kind: z.literal('endless-body'), ...where }),
  /** Accepts the request and never responds. */
  z.strictObject({ kind: z.literal('hang'), ...where }),
  /** Performs the request, then closes the connection without a response. */
  z.strictObject({ kind: z.literal('lost-answer'), ...where }),
  z.strictObject({ kind: z.literal('delay'), ms: z.number().int().min(0).max(600_000).default(20), ...where }),
  // What the list and the records look like
  /** Rows are added (by > 0) or removed (by < 0) at the top between two pages. */
  z.strictObject({ kind: z.literal('shifting-list'), by: z.number().int().default(1) }),
  z.strictObject({ kind: z.literal('duplicate-rows'), every }),
  z.strictObject({ kind: z.literal('total-off'), by: z.number().int().default(3) }),
  z.strictObject({ kind: z.literal('empty-list') }),
  /** Ends early, as if complete. */
  z.strictObject({ kind: z.literal('truncated-list'), pages: z.number().int().min(1).default(1) }),
  z.strictObject({ kind: z.literal('malformed-rows'), every }),
  z.strictObject({ kind: z.literal('odd-names'), every }),
  z.strictObject({ kind: z.literal('unknown-codes'), every }),
  z.strictObject({ kind: z.literal('repeated-next') }),
  z.strictObject({ kind: z.literal('endless-list') }),
  z.strictObject({ kind: z.literal('foreign-next'), to: z.string().default('https://elsewhere.example') }),
  z.strictObject({ kind: z.literal('foreign-href'), to: z.string().default('https://elsewhere.example'), every }),
  /** How the last page is marked; without this fault `next` is missing. */
  z.strictObject({ kind: z.literal('last-next'), as: z.enum(['null', 'empty']).default('null') }),
  z.strictObject({ kind: z.literal('details-in-list') }),
  /** Numbers as numbers instead of strings. */
  z.strictObject({ kind: z.literal('real-numbers') }),
  z.strictObject({ kind: z.literal('clock-skew'), ms: z.number().int().default(240_000) }),
  // What writes do
  z.strictObject({ kind: z.literal('ignored-writes') }),
  /** Cancelling a wipe also removes every lock, like the console's `flagsRemove all`. */
  z.strictObject({ kind: z.literal('cancel-lifts-lock') }),
  /** The security record of a removed device is kept, and applies again when a phone registers under its id. */
  z.strictObject({ kind: z.literal('security-record') }),
  z.strictObject({ kind: z.literal('no-settings') }),
]);
export type Fault = z.infer<typeof fault>;
export type FaultInput = z.input<typeof fault>;
export type FaultKind = Fault['kind'];
type Of<K extends FaultKind> = Extract<Fault, { kind: K }>;
type Striking = Extract<Fault, { on: RequestKind | 'any' }>;

export class Faults {
  #list: Fault[] = [];

  get list(): readonly Fault[] {
    return this.#list;
  }

  set(faults: readonly FaultInput[]): void {
    this.#list = z.array(fault).parse(faults);
  }

  /** The fault of that kind, if it is active. */
  get<K extends FaultKind>(kind: K): Of<K> | undefined {
    return this.#list.find((entry): entry is Of<K> => entry.kind === kind);
  }

  /** The faults that affect this request, one of each kind; each use counts down `times`. */
  strike(request: RequestKind): Map<FaultKind, Striking> {
    const striking = new Map<FaultKind, Striking>();
    for (const entry of this.#list)
      if ('on' in entry && (entry.on === 'any' || entry.on === request) && !striking.has(entry.kind))
        striking.set(entry.kind, entry);
    for (const entry of striking.values()) this.#countDown(entry);
    return striking;
  }

  #countDown(entry: Striking): void {
    if (entry.times === undefined) return;
    entry.times -= 1;
    if (entry.times === 0) this.#list = this.#list.filter((other) => other !== entry);
  }
}

/** Parses the command line's form: `cut-body,status` or a JSON list. */
export function parseFaults(text: string): Fault[] {
  const given: unknown = text.trim().startsWith('[')
    ? JSON.parse(text)
    : text
        .split(',')
        .filter(Boolean)
        .map((kind) => ({ kind: kind.trim() }));
  return z.array(fault).parse(given);
}
