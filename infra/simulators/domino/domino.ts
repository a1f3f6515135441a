/** The simulated Domino console over the simulated Traveler's devices: executes a line or not, and returns what is printed. */
import type { Traveler } from '../traveler/traveler.ts';
import { type CommandResult, execute } from './commands.ts';
import { type ConsoleFault, ConsoleFaults } from './faults.ts';

/** One line as received by the console. `devices`: all that it addressed; `applied`: whether anything changed. */
export type ConsoleEffect = { at: number; line: string; devices: CommandResult['devices']; applied: boolean };
/** What the program that sent the line prints and how it ends; `code` null: it does not end by itself. */
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
    const active = this.faults.strike();
    const found = <K extends ConsoleFault['kind']>(kind: K) => active.find((fault): fault is Of<K> => fault.kind === kind);
    const refusal = active.map(({ kind }) => refusals[kind]).find((text) => text !== undefined);
    const skipped =
      refusal !== undefined || found('ignored') || found('hang')?.effect === false || found('exit')?.effect === false;
    const reply = skipped ? (refusal ?? '') : this.#execute(line, found('delay')?.ms);
    if (skipped) this.#note(line, { devices: [], applied: false });
    const noise = noiseOf(found('noise')?.lines ?? 0);
    return {
      output: `${noise}${found('silence') ? '' : reply}${noise}`,
      afterMs: found('slow-program')?.ms ?? 0,
      code: found('hang') ? null : (found('exit')?.code ?? 0),
    };
  }

  /** Cancels delayed lines. */
  stop(): void {
    for (const timer of this.#late) clearTimeout(timer);
  }

  /** Returns what is printed at once: a delayed reply goes to the console, not to the program, which has ended. */
  #execute(line: string, delayMs: number | undefined): string {
    if (delayMs === undefined) {
      const done = execute(this.#traveler, line);
      this.#note(line, done);
      return `${stamp(this.#traveler.now())} ${done.reply}\n`;
    }
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#note(line, execute(this.#traveler, line));
    }, delayMs);
    this.#late.add(timer);
    return '';
  }

  #note(line: string, { devices, applied }: Pick<CommandResult, 'devices' | 'applied'>): void {
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

/** Output of other tasks on a busy console. */
function noiseOf(lines: number): string {
  return Array.from({ length: lines }, (_, nth) => `[0${nth % 10}] Router: Message 00${nth} delivered to Jane Doe/Acme\n`).join(
    '',
  );
}
