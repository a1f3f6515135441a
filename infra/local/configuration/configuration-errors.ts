/** Mistakes in a configuration: where, what was found there (never a secret), and what is expected. */
import type { z } from 'zod';
import { sourceKind } from '#domain/devices/source-kinds';

export type ConfigurationMistake = { path: string; found: string; expected: string };
type Issue = z.core.$ZodIssue;

const secretKey = /password|token|secret|credentials/i;

/** One entry per mistake, in the order of the file; `given` is the parsed document. */
export function configurationErrors(error: z.ZodError, given: unknown): ConfigurationMistake[] {
  return [...error.issues.flatMap((issue) => flatten(issue)), ...repeatedIds(error, given)].map((issue) =>
    describe(issue, given),
  );
}

/**
 * For a union that matches no branch, the issues of the intended one: the branch that knows all keys, else the one that fits best.
 */
function flatten(issue: Issue, base: PropertyKey[] = []): Issue[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ ...issue, keys: [key], path: [...path, key] }));
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const meant = issue.errors.toSorted((a, b) => strangeness(a) - strangeness(b))[0] ?? [];
  const wholly = meant.every((inner) => inner.code === 'invalid_type' && inner.path.length === 0);
  if (wholly)
    return [{ code: 'custom', path, message: 'an object: { "user", "password" } or { "secretName" }', input: undefined }];
  return meant.flatMap((inner) => flatten(inner, path));
}

const strangeness = (issues: Issue[]) =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 10 * issue.keys.length : 1), 0);

/** The schema checks for repeated ids only if there is no other mistake; here all mistakes are reported at once. */
function repeatedIds(error: z.ZodError, given: unknown): Issue[] {
  const sources = valueAt(given, ['sources']);
  if (!Array.isArray(sources) || error.issues.some(({ code, path }) => code === 'custom' && path.at(-1) === 'id')) return [];
  const ids = sources.map((source) => valueAt(source, ['id']));
  return ids.flatMap((id, index): Issue[] =>
    typeof id === 'string' && ids.indexOf(id) < index
      ? [{ code: 'custom', path: ['sources', index, 'id'], message: 'each source to have an id of its own', input: id }]
      : [],
  );
}

function describe(issue: Issue, given: unknown): ConfigurationMistake {
  const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const found =
    issue.code === 'unrecognized_keys' ? 'a key that means nothing here' : show(issue.path, valueAt(given, issue.path));
  return { path: path.replace(/^\./, '') || '(whole file)', found, expected: expectation(issue) };
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(issue.expected);
    case 'invalid_value':
      return oneOf(issue.values);
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'something there, not nothing' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'invalid_format':
      return formatted(issue);
    case 'unrecognized_keys':
      return 'no such key (is it misspelt?)';
    case 'invalid_union':
      // Only the union discriminated by `kind` has no branches to report.
      return issue.errors.length === 0 ? oneOf(sourceKind.options) : issue.message;
    default:
      return issue.message;
  }
}

const oneOf = (values: readonly unknown[]): string => `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;

function formatted(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (issue.format === 'email') return 'an email address';
  return issue.message.startsWith('Invalid') ? `a valid ${issue.format}` : issue.message;
}

const article = (type: string) => names[type] ?? `a ${type}`;
const names: Record<string, string> = { int: 'a whole number', string: 'a text', object: 'an object', array: 'a list' };

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** Strings shortened, numbers unchanged, objects by type; for a secret only whether there is one. */
function show(path: readonly PropertyKey[], value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  if (value === '') return 'an empty text';
  if (path.some((part) => secretKey.test(String(part)))) return 'a value (not shown: it may be secret)';
  const text = JSON.stringify(typeof value === 'string' ? withoutUserinfo(value) : value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** `https://user:password@host` may contain a password. */
const withoutUserinfo = (text: string) => text.replace(/\/\/[^/@\s]*@/, '//…@');
