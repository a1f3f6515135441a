/** Faults that Domino consoles have been observed to have, injected on request. */
import { z } from 'zod';

/** How often the fault occurs before it ends; by default it never ends. */
const times = z.number().int().positive().optional();

export const consoleFault = z.discriminatedUnion('kind', [
  /** The program ends at once, and Traveler executes the line after `ms`. */
  z.strictObject({ kind: z.literal('delay'), ms: z.number().int().min(0).max(600_000).default(500), times }),
  /** The program takes `ms` to end; Traveler executes the line at once. */
  z.strictObject({ kind: z.literal('slow-program'), ms: z.number().int().min(0).max(600_000).default(500), times }),
  /** Executed, and nothing is printed. */
  z.strictObject({ kind: z.literal('silence'), times }),
  /** Not executed, and nothing is printed. */
  z.strictObject({ kind: z.literal('ignored'), times }),
  z.strictObject({ kind: z.literal('not-authorized'), times }),
  z.strictObject({ kind: z.literal('not-running'), times }),
  z.strictObject({ kind: z.literal('unknown-command'), times }),
  /** The program does not end by itself. `effect`: whether Traveler executes the line. */
  z.strictObject({ kind: z.literal('hang'), effect: z.boolean().default(true), times }),
  /** The program ends with this code. */
  z.strictObject({ kind: z.literal('exit'), code: z.number().int().default(1), effect: z.boolean().default(true), times }),
  /** This many unrelated lines of the console are printed before and after the reply. */
  z.strictObject({ kind: z.literal('noise'), lines: z.number().int().positive().max(1_000_000).default(1_000), times }),
]);
export type ConsoleFault = z.infer<typeof consoleFault>;
export type ConsoleFaultInput = z.input<typeof consoleFault>;

/** The faults that apply to the next line; each use counts down `times`. */
export class ConsoleFaults {
  #list: ConsoleFault[] = [];

  get list(): readonly ConsoleFault[] {
    return this.#list;
  }

  set(faults: readonly ConsoleFaultInput[]): void {
    this.#list = z.array(consoleFault).parse(faults);
  }

  strike(): ConsoleFault[] {
    const striking = [...this.#list];
    this.#list = this.#list.flatMap((fault) => {
      if (fault.times === undefined) return [fault];
      return fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : [];
    });
    return striking;
  }
}
