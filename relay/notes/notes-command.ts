/**
 * The command line of the shipped Notes script: Windows PowerShell with an argument vector. Whatever a value contains, it arrives as
 * one value: `-File` treats what follows as plain text and evaluates nothing.
 */
import { existsSync } from 'node:fs';
import { win32 } from 'node:path';
import { fileURLToPath } from 'node:url';

export type NotesOptions = {
  /** The shipped script, if it is not beside the relay. */
  script?: string | undefined;
  /** File with the password of the Notes ID; without it the client must not ask for one. The password is never an argument. */
  passwordFile?: string | undefined;
  /** Instead of Windows PowerShell: for tests, or if PowerShell is at an unusual path. */
  powershell?: string | undefined;
};

const shipped = () => fileURLToPath(new URL('./traveler-notes.ps1', import.meta.url));

/** `verb`: what the script does; `values`: its named arguments, in order. */
export function notesCommand(verb: string, values: Record<string, string>, options: NotesOptions = {}): string[] {
  const { script = shipped(), passwordFile, powershell = powershellOf() } = options;
  const all = { ...values, ...(passwordFile === undefined ? {} : { PasswordFile: passwordFile }) };
  const named = Object.entries(all).flatMap(([name, value]) => [`-${name}`, value]);
  return [powershell, '-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', script, verb, ...named];
}

/** The Notes client is a 32-bit program up to release 12, and its COM object is available only to a 32-bit PowerShell. */
function powershellOf(): string {
  const windows = process.env.SystemRoot ?? 'C:\\Windows';
  const at = (folder: string) => win32.join(windows, folder, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  return existsSync(at('SysWOW64')) ? at('SysWOW64') : at('System32');
}
