/** What a service is installed for, and the steps that install it: data, carried out in steps.ts. */

/** Paths are absolute. */
export type WantedService = {
  /** Program and arguments before `run`. */
  program: readonly string[];
  config: string;
  data: string;
  /** Account under which it runs. */
  user: string;
  /** Folders besides the data folder that it, or the program for the Domino console, writes to. */
  alsoWrites: readonly string[];
};
export const usualUser = 'traveler-relay';
export const serviceName = 'traveler-relay';

export type Step =
  | { do: 'write'; file: string; text: string; encoding: 'utf8' | 'utf16le' }
  | { do: 'remove'; file: string }
  /** `may`: how it ends does not matter (it may be gone already). */
  | { do: 'run'; argv: readonly string[]; may?: true };
