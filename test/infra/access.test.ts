import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { beforeAll, describe, expect, test } from 'vitest';
import { runtimeConfiguration } from '#domain/runtime/configuration';
import { emptyBundles } from '#infra/cloud/bundle';
import { addStacks } from '#infra/cloud/extender-app';
import { rulePacks } from '#infra/cloud/nag';
import { context } from '#infra/cloud/synthesize';
import { everything, type Templates, templatesFor } from './templates.ts';

let templates: Templates;
beforeAll(async () => {
  templates = await templatesFor();
});

describe('who gets access', () => {
  const routes = () => templates.ofType('AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);

  test('the API requires a user, the socket a relay’s statement; the rest is open', () => {
    const byKey = Object.fromEntries(routes().map(({ RouteKey, AuthorizationType }) => [RouteKey, AuthorizationType ?? 'NONE']));
    expect(byKey).toEqual({
      'ANY /api/{proxy+}': 'JWT',
      'GET /': 'NONE',
      'GET /{proxy+}': 'NONE',
      'GET /sign-in/{proxy+}': 'NONE',
      'POST /sign-in/{proxy+}': 'NONE',
      'POST /relay/{proxy+}': 'NONE',
      $connect: 'CUSTOM',
      $disconnect: 'NONE',
      $default: 'NONE',
    });
  });

  test('tokens are those of our user pool for our client, and no other', () => {
    const [[, authorizer] = [], second] = templates
      .ofType('AWS::ApiGatewayV2::Authorizer')
      .filter(([, { Properties }]) => Properties.AuthorizerType === 'JWT');
    expect(second).toBeUndefined();
    const jwt = authorizer?.Properties.JwtConfiguration as { Audience: unknown[]; Issuer: unknown };
    expect(jwt.Audience.map(templates.text)).toEqual(['ConsoleClient']);
    expect(templates.text(jwt.Issuer)).toBe('https://cognito-idp.AWS::Region.amazonaws.com/Users');
  });

  test('users are invited, need a second factor, and cannot be deleted with the stack', () => {
    expect(templates.only('AWS::Cognito::UserPool')).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
        MfaConfiguration: 'ON',
        EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
        DeletionProtection: 'ACTIVE',
      },
    });
  });

  test('the stages are throttled and log every request without its token or body', () => {
    const stages = templates.ofType('AWS::ApiGatewayV2::Stage').map(([, { Properties }]) => Properties);
    expect(stages.map(({ StageName }) => StageName).toSorted()).toEqual(['$default', 'relay']);
    for (const { DefaultRouteSettings, AccessLogSettings } of stages) {
      expect(DefaultRouteSettings).toMatchObject({
        ThrottlingRateLimit: expect.any(Number),
        ThrottlingBurstLimit: expect.any(Number),
      });
      const { Format } = AccessLogSettings as { Format: string };
      expect(Object.keys(JSON.parse(Format))).toContain('requestId');
      expect(Format).not.toMatch(/authorization|body/i);
    }
  });

  test('only our API, at its own routes, can invoke a function from outside', () => {
    for (const [, { Properties }] of templates.ofType('AWS::Lambda::Permission')) {
      expect(Properties.Principal).toBe('apigateway.amazonaws.com');
      expect(templates.text(Properties.SourceArn)).toMatch(/execute-api:.*(HttpApi|SocketApi)/);
    }
    expect(templates.ofType('AWS::Lambda::Url')).toEqual([]);
  });

  test('any other principal in a policy is limited to our account or resource', () => {
    const policies = [...templates.ofType('AWS::SQS::QueuePolicy'), ...templates.ofType('AWS::SNS::TopicPolicy')];
    const allowed = policies
      .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Record<string, unknown>[] }).Statement)
      .filter(({ Effect: effect }) => effect === 'Allow');
    expect(allowed.length).toBeGreaterThan(0);
    for (const { Principal, Condition } of allowed) {
      expect(JSON.stringify(Principal)).not.toContain('*');
      expect(JSON.stringify(Condition)).toMatch(/aws:SourceArn|aws:SourceAccount|AWS:SourceOwner/);
    }
  });
});

describe('the rule packs', () => {
  async function findings(change: (app: App) => void = () => {}): Promise<string[]> {
    const directory = mkdtempSync(join(tmpdir(), 'traveler-extender-nag-'));
    const configuration = runtimeConfiguration.parse(everything);
    const app = new App({ outdir: join(directory, 'out'), analyticsReporting: false, context });
    addStacks(app, configuration, { bundles: await emptyBundles(configuration, { directory: join(directory, 'bundles') }) });
    change(app);
    const violations = rulePacks.flatMap((Pack) => new Pack(app).validateScope(app).violations);
    rmSync(directory, { recursive: true });
    return violations.map(({ ruleName }) => ruleName);
  }

  test('find nothing that is not acknowledged with its reason', async () => {
    expect(await findings()).toEqual([]);
  });

  test('do find a role that may do everything', async () => {
    const found = await findings((app) => {
      const role = new Role(new Stack(app, 'Spoilt'), 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: ['dynamodb:*'], resources: ['*'] }));
    });
    expect(found.join()).toContain('AwsSolutions-IAM5');
  });
});
