/**
 * What is wrong with outside input, field by field: the path, and what was expected there. Never a value: it may be a person's
 * name, or a secret. If no alternative of a union fits, the alternatives are listed.
 */
import type { z } from 'zod';

export type FieldFault = { path: string; message: string };
type Issue = z.core.$ZodIssue;

/** `root`: path of the parsed part within the document that the sender knows. */
export function fieldFaults({ issues }: Pick<z.ZodError, 'issues'>, root: readonly PropertyKey[] = []): FieldFault[] {
  return issues.flatMap((issue) => faultsOf(issue, root));
}

const bareUnion = 'Invalid input';

function faultsOf(issue: Issue, base: readonly PropertyKey[]): FieldFault[] {
  const at = [...base, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || issue.message !== bareUnion)
    return [fault(at, issue.message)];
  const meant = closest(issue.errors);
  if (meant !== null) return meant.flatMap((inner) => faultsOf(inner, at));
  const alternatives = issue.errors.flatMap((branch) => branch.map(alternative));
  return [fault(at, `${bareUnion}: expected ${[...new Set(alternatives)].join(', or ')}`)];
}

const fault = (path: readonly PropertyKey[], message: string): FieldFault => ({ path: path.map(String).join('.'), message });

/** The branch that was probably meant: of the right type overall, with the fewest faults inside. Null when there is none. */
function closest(branches: readonly Issue[][]): Issue[] | null {
  const inside = branches.filter((branch) => branch.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'));
  return inside.toSorted((one, other) => one.length - other.length)[0] ?? null;
}

function alternative(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return names[issue.expected] ?? `a ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'invalid_format':
      return formats[issue.format] ?? `a valid ${issue.format}`;
    default:
      return issue.message.replace(/^.*expected /, '');
  }
}

const names: Record<string, string> = { int: 'a whole number', string: 'a text', object: 'an object', array: 'a list' };
const formats: Record<string, string> = {
  datetime: 'an ISO 8601 time',
  email: 'an email address',
};
