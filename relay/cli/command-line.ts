/** What each file of commands receives. Another folder adds its own commands by being listed in main.ts. */
import type { Command } from 'commander';
import type { RelayPaths } from './paths.ts';

export type PlaceOptions = { config?: string; data?: string };
export type CommandLine = {
  /** Adds a command with `--config` and `--data`. A RelayRefusal thrown by its action is printed with its remedy; exit code 1. */
  command(name: string, description: string): Command;
  places(options: PlaceOptions): RelayPaths;
  /** Writes one line to standard output. */
  print(text: string): void;
};
export type AddCommands = (line: CommandLine) => void;
