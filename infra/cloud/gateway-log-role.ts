/**
 * API Gateway writes the access log of a WebSocket API under a role that is set once per account and region; without it the
 * stage cannot be deployed. (HTTP APIs need none.) It is retained when the stack is deleted: other APIs may use it.
 */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** The permissions that API Gateway requires of such a role. */
const actions = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

/** Returns the account settings; a stage with an access log must depend on them. */
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
