/** Reads the configuration file for the local stack: all mistakes at once, or the configuration. */
import { readFile } from 'node:fs/promises';
import { type LocalConfiguration, localConfiguration } from '#domain/runtime/configuration';
import { StartError } from '#infra/emulator/start-error';
import { type ConfigurationMistake, configurationErrors } from './configuration-errors.ts';

/** Throws StartError; its message is for the author of the file. */
export async function readConfiguration(file: string): Promise<LocalConfiguration> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new StartError(
      `The configuration ${file} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}.`,
    );
  });
  const given = parseJson(file, text);
  const parsed = localConfiguration.safeParse(given);
  if (parsed.success) return parsed.data;
  const mistakes = configurationErrors(parsed.error, given);
  const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`;
  throw new StartError([`The configuration ${file} has ${count}:`, ...mistakes.map(line)].join('\n'));
}

const line = ({ path, found, expected }: ConfigurationMistake) => `  ${path}: found ${found}; expected ${expected}`;

/** The parser's message may quote the text around the mistake, including a password: the error has only its position. */
function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new StartError(`The configuration ${file} is not valid JSON${placeOf(text, position)}.`);
  }
}

function placeOf(text: string, position: string | undefined): string {
  if (position === undefined) return ': it ends too early, or a quote, comma or bracket is missing or too many';
  const before = text.slice(0, Number(position)).split('\n');
  return `: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
