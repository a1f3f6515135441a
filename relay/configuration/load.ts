/** Reads relay.json and the files it names. Reports all errors at once, each with its path, none with the wrong value. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { errorCode } from '../error-code.ts';
import { readableByOthers } from '../file-modes.ts';
import { RelayRefusal } from '../refusal.ts';
import { type RelayFile, relayFile, type SecretWays } from './schema.ts';

/** With all secrets read; paths are absolute. */
export type RelayConfiguration = Omit<RelayFile, '$schema' | 'traveler' | 'proxy' | 'caFile'> & {
  traveler: Omit<RelayFile['traveler'], 'credentials'> & { credentials?: { user: string; password: string } | undefined };
  proxy?: { url: string; user?: string | undefined; password?: string | undefined; except: readonly string[] } | undefined;
  /** PEM. */
  ca?: string | undefined;
};

type Wrong = { path: string; what: string };
export class InvalidConfiguration extends RelayRefusal {
  readonly problems: readonly Wrong[];

  constructor(file: string, problems: readonly Wrong[]) {
    const lines = problems.map(({ path, what }) => `\n  ${path === '' ? '' : `${path}: `}${what}`);
    super(
      `${file} is not right:${lines.join('')}`,
      'Correct it; docs/relay.md explains each field, docs/relay.schema.json helps editors.',
    );
    this.problems = problems;
  }
}

type Options = { environment?: NodeJS.ProcessEnv; platform?: NodeJS.Platform };

/** Throws InvalidConfiguration. */
export function loadConfiguration(
  file: string,
  { environment = process.env, platform = process.platform }: Options = {},
): RelayConfiguration {
  const wrong: Wrong[] = [];
  const parsed = relayFile.safeParse(jsonIn(file));
  const notPrivate = othersRead(file, platform);
  if (!parsed.success) {
    throw new InvalidConfiguration(file, [...parsed.error.issues.flatMap(wrongOf)]);
  }
  const given = parsed.data;
  const here = (path: string) => resolve(dirname(file), path);

  function textOf(path: string, name: string, { secret }: { secret: boolean }): string | undefined {
    try {
      if (secret && readableByOthers(statSync(here(name)), platform))
        wrong.push({ path, what: `others may read this file: chmod 600 ${here(name)}` });
      return readFileSync(here(name), 'utf8');
    } catch (error) {
      wrong.push({ path, what: `${here(name)} cannot be read (${errorCode(error)})` });
      return undefined;
    }
  }

  function secret(path: string, ways: SecretWays): string | undefined {
    if (ways.passwordFile !== undefined) {
      const read = textOf(`${path}.passwordFile`, ways.passwordFile, { secret: true })?.replace(/\r?\n$/, '');
      if (read === '') wrong.push({ path: `${path}.passwordFile`, what: 'the file is empty' });
      return read;
    }
    if (ways.passwordVariable !== undefined) {
      const read = environment[ways.passwordVariable];
      if (!read) wrong.push({ path: `${path}.passwordVariable`, what: `the environment has no ${ways.passwordVariable}` });
      return read;
    }
    if (ways.password !== undefined && notPrivate)
      wrong.push({ path: `${path}.password`, what: `the file holds a password, and others may read it: chmod 600 ${file}` });
    return ways.password;
  }

  const { $schema, traveler, console: how, proxy, caFile, ...rest } = given;
  const { credentials } = traveler;
  const password = credentials && secret('traveler.credentials', credentials);
  const configuration: RelayConfiguration = {
    ...rest,
    traveler: { ...traveler, credentials: credentials && { user: credentials.user, password: password ?? '' } },
    console: consoleOf(how, (passwordFile) => void secret('console', { passwordFile }), here),
    proxy: proxy && { url: proxy.url, user: proxy.user, password: secret('proxy', proxy), except: proxy.except },
    ca: caFile === undefined ? undefined : textOf('caFile', caFile, { secret: false }),
  };
  if (configuration.ca !== undefined && !configuration.ca.includes('-----BEGIN CERTIFICATE-----'))
    wrong.push({ path: 'caFile', what: 'holds no certificate in PEM form' });
  if (wrong.length > 0) throw new InvalidConfiguration(file, wrong);
  return configuration;
}

/** The script reads the password of the Notes ID itself: this only checks that it can, and that nobody else can. */
function consoleOf(
  given: RelayFile['console'],
  check: (passwordFile: string) => void,
  here: (path: string) => string,
): RelayFile['console'] {
  if (given.by === 'rest') return given;
  if (given.by === 'command') return given.directory === undefined ? given : { ...given, directory: here(given.directory) };
  const { passwordFile, script } = given;
  if (passwordFile !== undefined) check(passwordFile);
  return {
    ...given,
    ...(script === undefined ? {} : { script: here(script) }),
    ...(passwordFile === undefined ? {} : { passwordFile: here(passwordFile) }),
  };
}

/** zod reports unknown keys at their parent; people want the path of the key itself. Values are never repeated. */
function wrongOf(issue: z.core.$ZodIssue): Wrong[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...at, key].join('.'), what: 'there is no such field' }));
  return [{ path: at.join('.'), what: issue.message }];
}

function jsonIn(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RelayRefusal(
      `The configuration ${file} cannot be read (${errorCode(error)}).`,
      'Write it (docs/relay.md shows one), or name another with --config or RELAY_CONFIG.',
      { cause: error },
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the file; only the position is repeated, if it is known.
    const at = error instanceof SyntaxError ? /line \d+ column \d+/.exec(error.message)?.[0] : undefined;
    throw new InvalidConfiguration(file, [
      { path: '', what: `is no JSON${at === undefined ? ': a quote, comma or bracket is missing or too many' : `: see ${at}`}` },
    ]);
  }
}

function othersRead(file: string, platform: NodeJS.Platform): boolean {
  return readableByOthers(statSync(file), platform);
}
