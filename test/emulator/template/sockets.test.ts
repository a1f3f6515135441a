// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of CloudFormation's placeholders.
/** WebSocket APIs of a template, as CDK writes them. */
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { createSocketApi } from '#infra/cloud/socket-api';
import { context } from '#infra/cloud/synthesize';
import { readTemplate } from '#infra/emulator/template/read-template';
import { stacksOf } from '#infra/emulator/template/stack-document';
import { aFolder } from '../services/stack.ts';
import { aFunction, aRole, aStack, code, complaintsOf, endpoint, modelOf } from './documents.ts';

const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:Main-${name}`;

const api = {
  Role: aRole(),
  Authorise: aFunction(),
  Socket: aFunction({
    Environment: {
      Variables: {
        SOCKET_URL: {
          'Fn::Join': ['', ['wss://', { Ref: 'Api' }, '.execute-api.', { Ref: 'AWS::Region' }, '.amazonaws.com/relay']],
        },
        MANAGEMENT: { 'Fn::Sub': 'https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/relay' },
        ENDPOINT: { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] },
        ELSEWHERE: 'https://Other.execute-api.us-east-1.amazonaws.com/relay',
      },
    },
  }),
  Api: {
    Type: 'AWS::ApiGatewayV2::Api',
    Properties: { Name: 'relays', ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' },
  },
  Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: { Ref: 'Api' }, StageName: 'relay', AutoDeploy: true } },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      ApiId: { Ref: 'Api' },
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': ['Socket', 'Arn'] } as unknown,
    },
  },
  Authorizer: {
    Type: 'AWS::ApiGatewayV2::Authorizer',
    Properties: {
      ApiId: { Ref: 'Api' },
      AuthorizerType: 'REQUEST',
      AuthorizerUri: {
        'Fn::Join': [
          '',
          ['arn:aws:apigateway:us-east-1:lambda:path/x/functions/', { 'Fn::GetAtt': ['Authorise', 'Arn'] }, '/invocations'],
        ],
      },
      IdentitySource: ['route.request.header.Authorization', 'route.request.querystring.token'],
    },
  },
  Connect: route('$connect', { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: 'Authorizer' } }),
  Default: route('$default'),
};

function route(RouteKey: string, more: object = {}) {
  const Target = { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] };
  return { Type: 'AWS::ApiGatewayV2::Route', Properties: { ApiId: { Ref: 'Api' }, RouteKey, Target, ...more } };
}

const with_ = (changes: { [id: string]: object }) => ({ ...api, ...changes }) as Parameters<typeof aStack>[1];
const complaints = (changes: { [id: string]: object }) => complaintsOf(aStack('Main', with_(changes), { code }));
const changed = (id: 'Api' | 'Stage' | 'Integration' | 'Authorizer', more: object) => ({
  [id]: { Type: api[id].Type, Properties: { ...api[id].Properties, ...more } },
});

describe('a WebSocket API', () => {
  test('has its stage, its routes with their functions, and the authoriser of its handshake', () => {
    const { socketApis, httpApis } = modelOf(aStack('Main', api, { code }));
    expect(httpApis).toEqual([]);
    expect(socketApis).toEqual([
      {
        id: 'Api',
        name: 'relays',
        stage: 'relay',
        authorizer: {
          functionArn: arn('Authorise'),
          identitySources: [
            { in: 'header', name: 'Authorization' },
            { in: 'querystring', name: 'token' },
          ],
        },
        routes: [
          { routeKey: '$connect', functionArn: arn('Socket') },
          { routeKey: '$default', functionArn: arn('Socket') },
        ],
      },
    ]);
  });

  test('has local addresses: for relays at the APIs, for functions at the services', () => {
    const stack = aStack('Main', api, { code });
    const { functions } = readTemplate([stack], { endpoint, web: 'http://127.0.0.1:4600' });
    expect(functions.find(({ id }) => id === 'Socket')?.environment).toEqual({
      SOCKET_URL: 'ws://127.0.0.1:4600/relay',
      MANAGEMENT: `${endpoint}/relay`,
      ENDPOINT: 'ws://127.0.0.1:4600',
      ELSEWHERE: 'https://Other.execute-api.us-east-1.amazonaws.com/relay',
    });
  });

  test('made by the product’s construct is understood, permissions included', async () => {
    const folder = await aFolder();
    const outdir = join(folder.path, 'out');
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false, context });
    const stack = new Stack(app, 'Main');
    const made = createSocketApi(stack);
    const role = new Role(stack, 'OwnRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Own: new PolicyDocument({ statements: [made.manages(['POST'])] }) },
    });
    const make = (id: string) =>
      new LambdaFunction(stack, id, {
        runtime: Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: Code.fromAsset(import.meta.dirname),
        role: role.withoutPolicyUpdates(),
        environment: { URL: made.url, MANAGEMENT: made.managementUrl },
      });
    made.serve({ authorise: make('Authorise'), socket: make('Socket') });
    const model = readTemplate(stacksOf(app.synth()), { endpoint });
    await folder.remove();
    const [found] = model.socketApis;
    expect(found?.routes.map(({ routeKey }) => routeKey).sort()).toEqual(['$connect', '$default', '$disconnect']);
    expect(found?.authorizer?.identitySources).toEqual([{ in: 'header', name: 'Authorization' }]);
    const socket = model.functions.find(({ arn: own }) => own === found?.routes[0]?.functionArn);
    expect(socket?.environment).toEqual({ URL: `${endpoint.replace('http', 'ws')}/relay`, MANAGEMENT: `${endpoint}/relay` });
    expect(socket?.policy).toContainEqual({
      effect: 'Allow',
      actions: ['execute-api:ManageConnections'],
      resources: [`arn:aws:execute-api:us-east-1:000000000000:${found?.id}/relay/POST/@connections/*`],
      conditions: {},
    });
  });
});

describe('what is not supported in a WebSocket API', () => {
  test.each<[string, { [id: string]: object }, string]>([
    [
      'another way to choose a route',
      changed('Api', { RouteSelectionExpression: '$request.body.type' }),
      'Api RouteSelectionExpression',
    ],
    [
      'a binary integration',
      changed('Integration', { ContentHandlingStrategy: 'CONVERT_TO_BINARY' }),
      'Integration ContentHandlingStrategy',
    ],
    ['events of another format', changed('Integration', { PayloadFormatVersion: '2.0' }), 'Integration PayloadFormatVersion'],
    [
      'a cached authorisation',
      changed('Authorizer', { AuthorizerResultTtlInSeconds: 60 }),
      'Authorizer AuthorizerResultTtlInSeconds',
    ],
    [
      'an identity from the stage',
      changed('Authorizer', { IdentitySource: ['stageVariables.x'] }),
      'Authorizer IdentitySource.0',
    ],
    ['variables of a stage', changed('Stage', { StageVariables: { a: 'b' } }), 'Stage StageVariables'],
    ['a second stage', { More: { ...api.Stage, Properties: { ...api.Stage.Properties, StageName: 'b' } } }, 'Api '],
    ['a missing $default', { Default: route('sync') }, 'Api '],
    [
      'an authoriser after the handshake',
      { Default: route('$default', { AuthorizationType: 'CUSTOM' }) },
      'Default AuthorizationType',
    ],
    ['an authoriser that is not there', { Connect: route('$connect', { AuthorizationType: 'CUSTOM' }) }, 'Connect AuthorizerId'],
    ['an answer to a message', { Answer: { Type: 'AWS::ApiGatewayV2::RouteResponse', Properties: {} } }, 'Answer '],
  ])('%s', (_name, changes, at) => {
    const [id = '', property = ''] = at.split(' ');
    const found = complaints(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^Main ${id} AWS::ApiGatewayV2::\\w+ ${RegExp.escape(property)}: `));
  });
});
