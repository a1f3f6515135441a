/** Whether the statements of a role allow a call, by IAM's rules: denied unless allowed, and an explicit Deny wins. */
import type { Statement } from '#infra/emulator/model';

export type Need = {
  /** `service:Action`, as in IAM. */
  action: string;
  resource: string;
  /** Condition keys known about the call, by name. */
  context?: Record<string, string>;
};
export type Judgement = { allowed: true } | { allowed: false; need: Need; because: string };

/** The first need that is not allowed, with IAM's reason. */
export function judge(statements: readonly Statement[], needs: readonly Need[]): Judgement {
  for (const need of needs) {
    const concerning = statements.filter((statement) => concerns(statement, need));
    if (concerning.some(({ effect }) => effect === 'Deny'))
      return { allowed: false, need, because: 'with an explicit deny in an identity-based policy' };
    if (concerning.length === 0)
      return { allowed: false, need, because: `because no identity-based policy allows the ${need.action} action` };
  }
  return { allowed: true };
}

function concerns({ actions, resources, conditions }: Statement, { action, resource, context = {} }: Need): boolean {
  return (
    actions.some((pattern) => wildcard(pattern.toLowerCase()).test(action.toLowerCase())) &&
    resources.some((pattern) => wildcard(pattern).test(resource)) &&
    Object.entries(conditions.StringEquals ?? {}).every(([key, expected]) => [expected].flat().includes(context[key]))
  );
}

const compiled = new Map<string, RegExp>();

/** IAM's `*` and `?`. The patterns come from the template, so there are few. */
function wildcard(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  const made = new RegExp(`^${RegExp.escape(pattern).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`, 's');
  compiled.set(pattern, made);
  return made;
}
