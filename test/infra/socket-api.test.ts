import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rulePacks } from '#infra/cloud/nag';
import { createSocketApi } from '#infra/cloud/socket-api';
import { context } from '#infra/cloud/synthesize';

const directory = mkdtempSync(join(tmpdir(), 'traveler-extender-socket-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Found = { Type: string; Properties: Record<string, unknown>; DeletionPolicy?: string };
let resources: [string, Found][];
let findings: string[];
const of = (type: string) => resources.filter(([, { Type }]) => Type === type).map(([, { Properties }]) => Properties);
const text = (value: unknown) => JSON.stringify(value);

/** The API with two functions, one of which may post to relays. */
beforeAll(() => {
  const app = new App({ outdir: join(directory, 'out'), analyticsReporting: false, context });
  const stack = new Stack(app, 'Relays');
  const api = createSocketApi(stack);
  const role = new Role(stack, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Own: new PolicyDocument({ statements: [api.manages(['POST', 'DELETE'])] }) },
  });
  const make = (id: string) => {
    const made = new LambdaFunction(stack, id, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => ({})'),
      role,
      environment: { SOCKET_URL: api.url, SOCKET_MANAGEMENT_URL: api.managementUrl },
    });
    // What every function of the product has, or is exempt from, elsewhere.
    Validations.of(made).acknowledge(
      ...[
        'Serverless-LambdaDLQ',
        'Serverless-LambdaTracing',
        'Serverless-LambdaDefaultMemorySize',
        'Serverless-LambdaDefaultTimeout',
      ].map((id) => ({
        id,
        reason: 'not the subject here',
      })),
    );
    return made;
  };
  api.serve({ authorise: make('Authorise'), socket: make('Socket') });
  findings = rulePacks.flatMap((Pack) => new Pack(app).validateScope(app).violations).map(({ ruleName }) => ruleName);
  resources = Object.entries(app.synth().getStackByName('Relays').template.Resources);
});

describe('the WebSocket API', () => {
  test('calls the authoriser once, at the handshake, with an Authorization header', () => {
    const byKey = Object.fromEntries(of('AWS::ApiGatewayV2::Route').map((route) => [route.RouteKey, route.AuthorizationType]));
    expect(byKey).toEqual({ $connect: 'CUSTOM', $disconnect: 'NONE', $default: 'NONE' });
    const [authorizer] = of('AWS::ApiGatewayV2::Authorizer');
    expect(authorizer).toMatchObject({ AuthorizerType: 'REQUEST', IdentitySource: ['route.request.header.Authorization'] });
    expect(text(authorizer?.AuthorizerUri)).toContain('Authorise');
  });

  test('routes everything to the one function', () => {
    expect(of('AWS::ApiGatewayV2::Integration')).toHaveLength(1);
    expect(text(of('AWS::ApiGatewayV2::Integration')[0]?.IntegrationUri)).toContain('Socket');
  });

  test('is throttled, and logs neither token nor message', () => {
    const [stage] = of('AWS::ApiGatewayV2::Stage');
    expect(stage?.DefaultRouteSettings).toMatchObject({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 });
    const Format = (stage?.AccessLogSettings as { Format: string } | undefined)?.Format ?? '{}';
    expect(Object.keys(JSON.parse(Format))).toContain('relay');
    expect(Format).not.toMatch(/authorization"|body|header/i);
  });

  test('creates its log role before its stage, and retains it', () => {
    const [[accountId, account] = []] = resources.filter(([, { Type }]) => Type === 'AWS::ApiGateway::Account');
    expect(account?.DeletionPolicy).toBe('Retain');
    const [[, stage] = []] = resources.filter(([, { Type }]) => Type === 'AWS::ApiGatewayV2::Stage');
    expect(stage).toMatchObject({ DependsOn: [accountId] });
  });

  test('lets a function make only its named calls on its own connections', () => {
    const statements = of('AWS::IAM::Role').flatMap(({ Policies }) =>
      (Policies as { PolicyDocument: { Statement: { Action: string; Resource: unknown }[] } }[]).flatMap(
        ({ PolicyDocument }) => PolicyDocument.Statement,
      ),
    );
    const manages = statements.filter(({ Action }) => Action === 'execute-api:ManageConnections');
    expect(manages).toHaveLength(1);
    expect(
      text(manages[0]?.Resource)
        .match(/\/relay\/\w+\/@connections\/\*/g)
        ?.sort(),
    ).toEqual(['/relay/DELETE/@connections/*', '/relay/POST/@connections/*']);
  });

  test('passes the rule packs', () => {
    expect(findings).toEqual([]);
  });
});
