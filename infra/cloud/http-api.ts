/** One address for both: the API behind sign-in under `/api`, and the console's static files everywhere else. */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { OAuthScope, type UserPool, UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export type HttpApiProps = {
  api: IFunction;
  console: IFunction;
  signIn: IFunction;
  users: UserPool;
  relayEnrol: IFunction;
};

/** Far above what a few administrators and scripts send; low enough to limit abuse. */
const throttle = { rateLimit: 50, burstLimit: 100 };

export function createHttpApi(scope: Construct, { api, console: page, signIn, users, relayEnrol }: HttpApiProps) {
  const http = new HttpApi(scope, 'HttpApi', {
    description: 'Traveler Extender: API and console',
    createDefaultStage: false,
  });
  createStage(scope, http);
  const client = createClient(scope, http, users);
  http.addRoutes({
    path: '/api/{proxy+}',
    methods: [HttpMethod.ANY],
    integration: new HttpLambdaIntegration('ApiIntegration', api),
    authorizer: new HttpJwtAuthorizer('SignedIn', issuerOf(users), { jwtAudience: [client.userPoolClientId] }),
  });
  const introduced = http.addRoutes({
    path: '/relay/{proxy+}',
    methods: [HttpMethod.POST],
    integration: new HttpLambdaIntegration('RelayEnrolIntegration', relayEnrol),
  });
  for (const route of introduced)
    Validations.of(route).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'A relay has no account: the function takes a one-time token, or a statement signed with the key of the relay.',
    });
  const files = new HttpLambdaIntegration('ConsoleIntegration', page);
  const open = [
    ...['/', '/{proxy+}'].flatMap((path) => http.addRoutes({ path, methods: [HttpMethod.GET], integration: files })),
    ...http.addRoutes({
      path: '/sign-in/{proxy+}',
      methods: [HttpMethod.GET, HttpMethod.POST],
      integration: new HttpLambdaIntegration('SignInIntegration', signIn),
    }),
  ];
  for (const route of open)
    Validations.of(route).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason: 'The static files of the console, and signing in itself: no data, nothing to authorise before sign-in.',
    });
  return { http, client };
}

/** The issuer as in the tokens of the user pool. */
export const issuerOf = (users: UserPool): string =>
  `https://cognito-idp.${Stack.of(users).region}.amazonaws.com/${users.userPoolId}`;

function createStage(scope: Construct, httpApi: HttpApi): HttpStage {
  const log = new LogGroup(scope, 'AccessLog', { retention: RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.RETAIN });
  return new HttpStage(scope, 'Stage', {
    httpApi,
    stageName: '$default',
    autoDeploy: true,
    throttle,
    accessLogSettings: { destination: new LogGroupLogDestination(log), format: AccessLogFormat.custom(accessLogLine) },
  });
}

/** Who requested what, and the result; no token and no body. */
const accessLogLine = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  subject: '$context.authorizer.claims.sub',
  method: '$context.httpMethod',
  path: '$context.path',
  route: '$context.routeKey',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  problem: '$context.error.message',
  authorizerProblem: '$context.authorizer.error',
});

/** A public client, because it runs in a browser: code flow with PKCE or SRP, no secret, short tokens. */
function createClient(scope: Construct, http: HttpApi, users: UserPool): UserPoolClient {
  return new UserPoolClient(scope, 'ConsoleClient', {
    userPool: users,
    generateSecret: false,
    authFlows: { userSrp: true, adminUserPassword: true },
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [OAuthScope.OPENID, OAuthScope.EMAIL],
      callbackUrls: [`${http.apiEndpoint}/sign-in/done`],
      logoutUrls: [`${http.apiEndpoint}/`],
    },
    accessTokenValidity: Duration.hours(1),
    idTokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.hours(12),
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
  });
}
