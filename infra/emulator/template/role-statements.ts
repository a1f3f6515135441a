/** The statements of each role, collected from all over the template. */
import type { Statement } from '#infra/emulator/model';
import type { LocalResource, Resource } from './local-resource.ts';
import type { PolicyStatement } from './resource-shapes.ts';
import type { Report } from './unsupported.ts';

/** By the role's ARN: inline and attached policies. Reports conditions that cannot be checked for local calls. */
export function statementsByRole(resources: readonly LocalResource[], report: Report): Map<string, Statement[]> {
  const roles = resources.filter((resource) => resource.type === 'AWS::IAM::Role');
  const attached = resources.filter((resource) => resource.type === 'AWS::IAM::Policy');
  return new Map(
    roles.map((role) => {
      const own = role.properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      const others = attached.filter(({ properties }) => properties.Roles.includes(role.identity.ref));
      const all = [...own, ...others.flatMap(({ properties }) => properties.PolicyDocument.Statement)];
      return [role.identity.attributes.Arn ?? '', all.map((statement) => toStatement(statement, role, report))];
    }),
  );
}

/** The conditions that can be checked for local calls. */
const knownConditions = new Set(['kms:ViaService', 'ses:FromAddress']);
/** Services whose calls the gateway checks: for them, a condition that it cannot check would silently allow or deny. */
const checked = /^(dynamodb|sqs|events|secretsmanager|kms|ses|execute-api|\*)(:|$)/i;

function toStatement(statement: PolicyStatement, role: Resource<'AWS::IAM::Role'>, report: Report): Statement {
  if (statement.Action.some((action) => checked.test(action)))
    for (const [operator, tests] of Object.entries(statement.Condition))
      for (const key of Object.keys(tests))
        if (operator !== 'StringEquals' || !knownConditions.has(key))
          report({
            stack: role.stack.name,
            id: role.id,
            type: role.type,
            property: `Condition.${operator}.${key}`,
            says: `this condition on ${statement.Action.join(', ')} is not understood`,
          });
  return { effect: statement.Effect, actions: statement.Action, resources: statement.Resource, conditions: statement.Condition };
}
