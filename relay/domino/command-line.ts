/** The configured program and how a line becomes part of its arguments: never through a shell. */
import { basename } from 'node:path';

const place = '{line}';

/** `command`: program and arguments, as configured. Each `{line}` within an argument is replaced by the line; nothing else changes. */
export function withLine(command: readonly string[], line: string): { program: string; args: string[] } {
  const [program = '', ...args] = command;
  return { program, args: args.map((arg) => arg.split(place).join(line)) };
}

/** Programs that would interpret the line as a program: a name with `$(…)` in it must stay a name. */
const interpreters = /^(?:sh|bash|dash|zsh|ksh|csh|tcsh|fish|busybox|cmd|wsl|ssh|plink|su|eval|xargs)(?:\.exe)?$/i;

/** What is wrong with a configured command, in one sentence with the remedy; null if nothing is. */
export function whyNotCommand(command: readonly string[]): string | null {
  const [program = '', ...args] = command;
  if (program.trim() === '') return 'Name the program that hands a line to the Domino console, then its arguments.';
  if (program.includes(place)) return `Put ${place} into an argument, not into the name of the program.`;
  if (!args.some((arg) => arg.includes(place)))
    return `Put ${place} where the console line belongs, as in ["${program}", "-c", "${place}"].`;
  if (interpreters.test(basename(program.replaceAll('\\', '/'))) || /\.(?:bat|cmd)$/i.test(program))
    return 'Name the program itself: a shell, a batch file or a remote shell would read the line as commands of its own.';
  return null;
}

/** Environment variables that the program must not get: our passwords, our proxy, and what would change how it starts. */
const withheld = /PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_PROXY$|^RELAY_|^NODE_OPTIONS$/i;

export function environmentFor(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !withheld.test(name)));
}
