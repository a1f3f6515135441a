/**
 * API Gateway writes the access log of a WebSocket API in a role that is set once for account and region; without it the stage
 * cannot be deployed. (HTTP APIs need none.) It stays when the stack goes: other APIs of the account may write by it.
 */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** What API Gateway asks of such a role before it accepts it. */
const actions = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

/** A stage with an access log depends on what this returns. */
export function allowAccessLogs(scope: Construct): CfnAccount {
  const role = new Role(scope, 'GatewayLogRole', {
    assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
    description: 'Traveler Extender: API Gateway writes access logs',
    inlinePolicies: {
      Logs: new PolicyDocument({ statements: [new PolicyStatement({ effect: Effect.ALLOW, actions, resources: ['*'] })] }),
    },
  });
  role.applyRemovalPolicy(RemovalPolicy.RETAIN);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'One role for all APIs of account and region, as API Gateway has it: it refuses one that may write to some logs only.',
  });
  const account = new CfnAccount(scope, 'GatewayAccount', { cloudWatchRoleArn: role.roleArn });
  account.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return account;
}
