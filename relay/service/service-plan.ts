/** What a service is installed with, and the steps that install it: data, executed in steps.ts. */

/** Paths are absolute. */
export type WantedService = {
  /** Program and arguments before `run`. */
  program: readonly string[];
  config: string;
  data: string;
  /** Account under which it runs. */
  user: string;
  /** Folders besides the data folder that the relay, or the program for the Domino console, writes to. */
  alsoWrites: readonly string[];
};
export const usualUser = 'traveler-relay';
export const serviceName = 'traveler-relay';

export type Step =
  | { do: 'write'; file: string; text: string; encoding: 'utf8' | 'utf16le' }
  | { do: 'remove'; file: string }
  /** `may`: its failure is ignored (what it removes may already be gone). */
  | { do: 'run'; argv: readonly string[]; may?: true };
