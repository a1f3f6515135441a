/** The simulated Domino console over the simulated Traveler's devices: takes a line, acts or not, and says what is printed. */
import type { Traveler } from '../traveler/traveler.ts';
import { type Done, obey } from './commands.ts';
import { type ConsoleFault, ConsoleFaults } from './faults.ts';

/** One line as it reached the console. `devices`: all that it acted on; `applied`: whether anything changed. */
export type ConsoleEffect = { at: number; line: string; devices: Done['devices']; applied: boolean };
/** What the program that brought the line prints and how it ends; null: it does not end by itself. */
export type ProgramEnd = { output: string; afterMs: number; code: number | null };

const keptEffects = 100_000;
type Of<K extends ConsoleFault['kind']> = Extract<ConsoleFault, { kind: K }>;

export class Domino {
  readonly faults = new ConsoleFaults();
  readonly effects: ConsoleEffect[] = [];
  readonly #traveler: Traveler;
  readonly #late = new Set<NodeJS.Timeout>();

  constructor(traveler: Traveler) {
    this.#traveler = traveler;
  }

  take(line: string): ProgramEnd {
    const struck = this.faults.strike();
    const found = <K extends ConsoleFault['kind']>(kind: K) => struck.find((fault): fault is Of<K> => fault.kind === kind);
    const refusal = struck.map(({ kind }) => refusals[kind]).find((text) => text !== undefined);
    const idle = refusal !== undefined || found('ignored') || found('hang')?.effect === false || found('exit')?.effect === false;
    const reply = idle ? (refusal ?? '') : this.#obey(line, found('delay')?.ms);
    if (idle) this.#note(line, { devices: [], applied: false });
    const noise = noiseOf(found('noise')?.lines ?? 0);
    return {
      output: `${noise}${found('silence') ? '' : reply}${noise}`,
      afterMs: found('slow-program')?.ms ?? 0,
      code: found('hang') ? null : (found('exit')?.code ?? 0),
    };
  }

  /** Nothing late happens any more. */
  stop(): void {
    for (const timer of this.#late) clearTimeout(timer);
  }

  /** What is printed at once: a late reply goes to the console, not to the program, which has ended. */
  #obey(line: string, delayMs: number | undefined): string {
    if (delayMs === undefined) {
      const done = obey(this.#traveler, line);
      this.#note(line, done);
      return `${stamp(this.#traveler.now())} ${done.reply}\n`;
    }
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#note(line, obey(this.#traveler, line));
    }, delayMs);
    this.#late.add(timer);
    return '';
  }

  #note(line: string, { devices, applied }: Pick<Done, 'devices' | 'applied'>): void {
    this.effects.push({ at: Date.now(), line, devices, applied });
    if (this.effects.length > keptEffects) this.effects.shift();
  }
}

const refusals: Partial<Record<ConsoleFault['kind'], string>> = {
  'not-authorized': 'You are not authorized to use the remote console on this server.\n',
  'not-running': 'Task traveler is not running on this server.\n',
  'unknown-command': 'Invalid console command.\n',
};

const stamp = (at: number): string => `[002A:0005-0F70] ${new Date(at).toISOString().replace('T', ' ').slice(0, 19)}  `;

/** As other tasks talk on a busy console. */
function noiseOf(lines: number): string {
  return Array.from({ length: lines }, (_, nth) => `[0${nth % 10}] Router: Message 00${nth} delivered to Jane Doe/Acme\n`).join(
    '',
  );
}
