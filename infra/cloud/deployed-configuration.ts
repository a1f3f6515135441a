/** Reads the configuration file for a deployment: secrets by name only; reports every error at once, each with its path. */
import { readFileSync } from 'node:fs';
import { type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';

export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

/** `covers`: errors of the schema at paths with this prefix would only repeat this one. */
type Found = { path: string; message: string; covers?: string };

/** Throws `ConfigurationError`; its message lists every error and quotes no value of the file. */
export function readDeployedConfiguration(file: string): RuntimeConfiguration {
  const given = parseJson(file, readText(file));
  const secrets = clearTextSecrets(given);
  const parsed = runtimeConfiguration.safeParse(given);
  const others = parsed.success
    ? []
    : parsed.error.issues
        .map((issue) => ({ path: pathText(issue.path), message: issue.message }))
        .filter(({ path }) => !secrets.some(({ covers }) => covers !== undefined && path.startsWith(covers)));
  const problems = [...secrets, ...others];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigurationError(
    [`${file} cannot be deployed:`, ...problems.map(({ path, message }) => `  ${path}: ${message}`)].join('\n'),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new ConfigurationError(
      code === 'ENOENT'
        ? `There is no configuration file at ${file}. Name one with -c config=FILE.`
        : `The configuration file ${file} cannot be read (${code}). Check its permissions, or name another with -c config=FILE.`,
    );
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message may quote the text around the mistake, including a password.
    throw new ConfigurationError(`${file} is not valid JSON: a quote, comma or bracket is missing or too many.`);
  }
}

/** Finds passwords and tokens anywhere in the document: they would end up in the template's assets, readable by many. */
function clearTextSecrets(value: unknown, path: PropertyKey[] = []): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]): Found[] => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (typeof inner !== 'string' || !/^(password|token|appAccessKey)$/i.test(key)) return clearTextSecrets(inner, at);
    return [
      {
        path: pathText(at),
        ...(key.toLowerCase() !== 'token' ? { covers: pathText(path) } : {}),
        message: `a ${key.toLowerCase()} in clear text is not deployed. Store it in AWS Secrets Manager and give "secretName" (docs/deploy.md).`,
      },
    ];
  });
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || '(whole file)';
}
