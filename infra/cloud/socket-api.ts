/**
 * The WebSocket API that relays connect to. It comes before its functions: their environment and rights name it, its routes
 * name them.
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

/** `POST`: send to a relay; `DELETE`: cut it off; `GET`: see whether it is there. */
const connectionCalls = ['POST', 'GET', 'DELETE'] as const;
export type ConnectionCall = (typeof connectionCalls)[number];
export type SocketApi = {
  /** `wss://…/relay`: where relays connect, and the audience of their statements. */
  url: string;
  /** `https://…/relay`: the endpoint that a client of the management API is given. */
  managementUrl: string;
  /** The right to make these calls on the connections of this API. */
  manages(calls: readonly ConnectionCall[]): PolicyStatement;
  /** Leads the routes to their functions. `authorise` decides at `$connect`; `socket` takes all that follows. */
  serve(functions: { authorise: IFunction; socket: IFunction }): void;
};

const stageName = 'relay';
/** Handshakes and messages a second: far above what a few hundred relays send, gathers included. */
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

/** For every role of the stack that gets one of these rights, and for no other right. */
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

/** Who connected, what came and how it ended; no token and no message. */
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
