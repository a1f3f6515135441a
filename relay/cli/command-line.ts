/** What a file of commands is given. Another folder adds its own by being named in main.ts. */
import type { Command } from 'commander';
import type { RelayPaths } from './paths.ts';

export type PlaceOptions = { config?: string; data?: string };
export type CommandLine = {
  /** A new command; it has `--config` and `--data`. A RelayRefusal that its action throws is printed with its remedy, exit code 1. */
  command(name: string, says: string): Command;
  places(options: PlaceOptions): RelayPaths;
  /** One line to standard output. */
  say(text: string): void;
};
export type AddCommands = (line: CommandLine) => void;
