/** What a file of commands gets: the program to add them to, the API, and how responses are printed. */
import type { Command } from 'commander';
import type { ApiClient } from './api-client.ts';

export type Output = { json?: boolean };
export type CommandLine = {
  /** A new command; it has `--json`. */
  command(name: string, description: string): Command;
  api(): Promise<ApiClient>;
  say(text: string): void;
  /** Prints the response as received with `--json`, else as `show` formats it. */
  print<T>(output: Output, answer: T, show: (answer: T) => string): Promise<void>;
};
export type AddCommands = (line: CommandLine) => void;

/** Parts of a path, each URL-encoded. */
export const encoded = (...parts: string[]): string => parts.map(encodeURIComponent).join('/');
