/**
 * EventBridge's pattern language, the supported part: exact values, prefix, suffix, equals-ignore-case, wildcard,
 * anything-but, exists, numeric. The rest ($or, cidr, …) is rejected when the template is read, never ignored.
 */
import { z } from 'zod';

const text = z.string();
const caseless = z.strictObject({ 'equals-ignore-case': text });
const affix = z.union([text, caseless]);
const scalar = z.union([text, z.number()]);
const comparison = z.enum(['=', '<', '<=', '>', '>=']);
const test = z.union([
  z.strictObject({ prefix: affix }),
  z.strictObject({ suffix: affix }),
  caseless,
  z.strictObject({ wildcard: text }),
  z.strictObject({ exists: z.boolean() }),
  z.strictObject({
    'anything-but': z.union([
      scalar,
      z.array(scalar).min(1),
      z.strictObject({ prefix: text }),
      z.strictObject({ suffix: text }),
      caseless,
    ]),
  }),
  z.strictObject({
    numeric: z.union([z.tuple([comparison, z.number()]), z.tuple([comparison, z.number(), comparison, z.number()])]),
  }),
]);
const alternative = z.union([text, z.number(), z.boolean(), z.null(), test]);
type Alternative = z.infer<typeof alternative>;
type Test = z.infer<typeof test>;
type Pattern = Record<string, unknown>;

/** The parts of a pattern that are not supported: empty if it can be used. */
export function checkPattern(pattern: Pattern, path: readonly string[] = []): { path: string; says: string }[] {
  return Object.entries(pattern).flatMap(([field, expected]) => {
    const at = [...path, field];
    if (field.startsWith('$')) return [{ path: at.join('.'), says: `${field} is not understood in an event pattern` }];
    if (Array.isArray(expected))
      return expected.flatMap((one, index) =>
        alternative.safeParse(one).success
          ? []
          : [{ path: [...at, index].join('.'), says: `${JSON.stringify(one)} is not understood in an event pattern` }],
      );
    if (typeof expected === 'object' && expected !== null) return checkPattern({ ...expected }, at);
    return [{ path: at.join('.'), says: 'an event pattern takes lists of alternatives' }];
  });
}

/** Whether the event has, for each field of the pattern, one of its alternatives. A list in the event matches by any element. */
export function matches(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, expected]) => {
    const found = fieldOf(event, field);
    if (!Array.isArray(expected)) return matches(Object(expected), found);
    return z
      .array(alternative)
      .parse(expected)
      .some((one) => matchesOne(one, found));
  });
}

function fieldOf(event: unknown, field: string): unknown {
  return typeof event === 'object' && event !== null && !Array.isArray(event) && Object.hasOwn(event, field)
    ? Reflect.get(event, field)
    : undefined;
}

function matchesOne(expected: Alternative, found: unknown): boolean {
  if (typeof expected === 'object' && expected !== null && 'exists' in expected) return expected.exists === (found !== undefined);
  const values = Array.isArray(found) ? found : [found];
  return values.some((value) => {
    if (value === undefined) return false;
    return typeof expected === 'object' && expected !== null ? passes(expected, value) : value === expected;
  });
}

function passes(expected: Test, value: unknown): boolean {
  if ('numeric' in expected) return typeof value === 'number' && inRange(expected.numeric, value);
  if ('anything-but' in expected) return differs(expected['anything-but'], value);
  if (typeof value !== 'string') return false;
  if ('prefix' in expected) return withCase(expected.prefix, value, (own, part) => own.startsWith(part));
  if ('suffix' in expected) return withCase(expected.suffix, value, (own, part) => own.endsWith(part));
  if ('wildcard' in expected) return glob(expected.wildcard).test(value);
  if ('equals-ignore-case' in expected) return withCase(expected, value, (own, part) => own === part);
  return false;
}

function withCase(
  expected: string | z.infer<typeof caseless>,
  value: string,
  compare: (own: string, part: string) => boolean,
): boolean {
  if (typeof expected === 'string') return compare(value, expected);
  return compare(value.toLowerCase(), expected['equals-ignore-case'].toLowerCase());
}

function differs(unwanted: Extract<Test, { 'anything-but': unknown }>['anything-but'], value: unknown): boolean {
  if (typeof unwanted !== 'object') return value !== unwanted;
  if (Array.isArray(unwanted)) return !unwanted.some((one) => one === value);
  return !passes(unwanted, value);
}

const comparisons: Record<z.infer<typeof comparison>, (a: number, b: number) => boolean> = {
  '=': (a, b) => a === b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function inRange([first, bound, second, other]: Extract<Test, { numeric: unknown }>['numeric'], value: number): boolean {
  return comparisons[first](value, bound) && (second === undefined || other === undefined || comparisons[second](value, other));
}

function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 's');
}
