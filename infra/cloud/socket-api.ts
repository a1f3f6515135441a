/**
 * The WebSocket API that relays connect to. It is created before its functions, because their environment and permissions
 * name it; its routes, which name the functions, are added later.
 */
import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { type CfnApi, LogGroupLogDestination, WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allowAccessLogs } from './gateway-log-role.ts';

/** `POST`: send to a relay; `DELETE`: disconnect it; `GET`: check whether it is connected. */
const connectionCalls = ['POST', 'GET', 'DELETE'] as const;
export type ConnectionCall = (typeof connectionCalls)[number];
export type SocketApi = {
  /** `wss://…/relay`: where relays connect, and the audience of their signed statements. */
  url: string;
  /** `https://…/relay`: the endpoint for clients of the management API. */
  managementUrl: string;
  /** The permission for these calls on the connections of this API. */
  manages(calls: readonly ConnectionCall[]): PolicyStatement;
  /** Connects the routes to their functions. `authorise` decides at `$connect`; `socket` handles everything after it. */
  serve(functions: { authorise: IFunction; socket: IFunction }): void;
};

const stageName = 'relay';
/** Handshakes and messages per second: far above what a few hundred relays send, gathers included. */
const throttle = { rateLimit: 500, burstLimit: 1000 };

export function createSocketApi(scope: Construct): SocketApi {
  const webSocketApi = new WebSocketApi(scope, 'SocketApi', {
    description: 'Traveler Extender: relays',
    routeSelectionExpression: '$request.body.action',
  });
  const stage = createStage(scope, webSocketApi);
  acknowledgeAnyConnection(webSocketApi);
  return {
    url: stage.url,
    managementUrl: stage.callbackUrl,
    manages: (calls) =>
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['execute-api:ManageConnections'],
        resources: calls.map((call) => connectionsArn(webSocketApi, call)),
      }),
    serve({ authorise, socket }) {
      const integration = new WebSocketLambdaIntegration('SocketIntegration', socket);
      const authorizer = new WebSocketLambdaAuthorizer('RelayAuthorizer', authorise, {
        identitySource: ['route.request.header.Authorization'],
      });
      webSocketApi.addRoute('$connect', { integration, authorizer });
      for (const routeKey of ['$disconnect', '$default'])
        Validations.of(webSocketApi.addRoute(routeKey, { integration })).acknowledge({
          id: 'AwsSolutions-APIG4',
          reason:
            'API Gateway authorises a WebSocket once, at $connect; what follows comes over the connection authorised there.',
        });
    },
  };
}

/** Acknowledges the finding for every role of the stack with one of these permissions, and for no other permission. */
function acknowledgeAnyConnection(api: WebSocketApi): void {
  const id = Stack.of(api).getLogicalId(api.node.defaultChild as CfnApi);
  const reason =
    'Connections come and go with ids of API Gateway’s own: the right can name the API, its stage and the call only.';
  const resource = (call: ConnectionCall) =>
    `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${id}>/${stageName}/${call}/@connections/*`;
  const findings = connectionCalls.map((call) => ({ id: `AwsSolutions-IAM5[Resource::${resource(call)}]`, reason }));
  Validations.of(Stack.of(api)).acknowledge(...findings);
}

function connectionsArn(api: WebSocketApi, call: ConnectionCall): string {
  const resource = `${api.apiId}/${stageName}/${call}/@connections`;
  return Stack.of(api).formatArn({ service: 'execute-api', resource, resourceName: '*' });
}

function createStage(scope: Construct, webSocketApi: WebSocketApi): WebSocketStage {
  const log = new LogGroup(scope, 'SocketAccessLog', { retention: RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.RETAIN });
  const stage = new WebSocketStage(scope, 'SocketStage', {
    webSocketApi,
    stageName,
    autoDeploy: true,
    throttle,
    accessLogSettings: { destination: new LogGroupLogDestination(log), format: AccessLogFormat.custom(accessLogLine) },
  });
  stage.node.addDependency(allowAccessLogs(scope));
  return stage;
}

/** Who connected, what arrived, and the result; no token and no message. */
const accessLogLine = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  relay: '$context.authorizer.principalId',
  connection: '$context.connectionId',
  event: '$context.eventType',
  route: '$context.routeKey',
  status: '$context.status',
  milliseconds: '$context.integrationLatency',
  problem: '$context.error.message',
  authorizerProblem: '$context.authorizer.error',
  integrationProblem: '$context.integrationErrorMessage',
});
