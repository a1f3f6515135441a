import { describe, expect, test } from 'vitest';
import { parseTemplate } from '#infra/emulator/template/stack-document';
import { aFunction, aRole, aStack, code, complaintsOf, modelOf } from './documents.ts';

const queueArn = 'arn:aws:sqs:us-east-1:000000000000:Main-Jobs';

describe('the model', () => {
  test('has queues with their address, attributes and redrive', () => {
    const { queues } = modelOf(
      aStack('Main', {
        Jobs: {
          Type: 'AWS::SQS::Queue',
          Properties: {
            VisibilityTimeout: 60,
            RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 3 },
          },
        },
        Dead: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } },
        Named: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'given' } },
      }),
    );
    expect(queues).toEqual([
      {
        id: 'Jobs',
        name: 'Main-Jobs',
        arn: queueArn,
        url: 'http://127.0.0.1:4566/000000000000/Main-Jobs',
        attributes: {
          VisibilityTimeout: '60',
          RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Main-Dead.fifo","maxReceiveCount":3}',
        },
      },
      expect.objectContaining({ name: 'Main-Dead.fifo', attributes: { FifoQueue: 'true' } }),
      expect.objectContaining({ name: 'given', url: 'http://127.0.0.1:4566/000000000000/given' }),
    ]);
  });

  test('has functions with code, environment, limits and the permissions of their role', () => {
    const { functions } = modelOf(
      aStack(
        'Main',
        {
          Role: aRole([{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['Jobs', 'Arn'] } }]),
          More: {
            Type: 'AWS::IAM::Policy',
            Properties: {
              PolicyName: 'More',
              Roles: [{ Ref: 'Role' }],
              PolicyDocument: { Statement: [{ Effect: 'Deny', Action: ['sqs:*'], Resource: ['*'] }] },
            },
          },
          Jobs: { Type: 'AWS::SQS::Queue' },
          Worker: aFunction({ Timeout: 30, MemorySize: 256, Environment: { Variables: { JOBS_URL: { Ref: 'Jobs' } } } }),
        },
        { code },
      ),
    );
    expect(functions).toEqual([
      {
        id: 'Worker',
        name: 'Main-Worker',
        arn: 'arn:aws:lambda:us-east-1:000000000000:function:Main-Worker',
        codeDir: '/bundles/abc',
        handler: 'index.handler',
        environment: { JOBS_URL: 'http://127.0.0.1:4566/000000000000/Main-Jobs' },
        timeoutSeconds: 30,
        memoryMb: 256,
        reservedConcurrency: null,
        policy: [
          { effect: 'Allow', actions: ['sqs:SendMessage'], resources: [queueArn], conditions: {} },
          { effect: 'Deny', actions: ['sqs:*'], resources: ['*'], conditions: {} },
        ],
      },
    ]);
  });

  test('has mappings that name their function by ARN, whatever form the template uses', () => {
    const mapping = (FunctionName: object) => ({
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: { 'Fn::GetAtt': ['Jobs', 'Arn'] }, FunctionName },
    });
    const { mappings, functions } = modelOf(
      aStack(
        'Main',
        {
          Role: aRole(),
          Jobs: { Type: 'AWS::SQS::Queue' },
          Worker: aFunction(),
          A: mapping({ Ref: 'Worker' }),
          B: mapping({ 'Fn::GetAtt': ['Worker', 'Arn'] }),
        },
        { code },
      ),
    );
    const functionArn = functions[0]?.arn;
    expect(mappings).toMatchObject([{ functionArn }, { functionArn }]);
    expect(mappings[0]).toMatchObject({
      queueArn,
      batchSize: 10,
      windowSeconds: 0,
      reportsItemFailures: false,
      enabled: true,
      maximumConcurrency: null,
    });
  });

  test('has tables with their encryption keys, and follows names across stacks', () => {
    const state = aStack(
      'State',
      {
        Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {} } },
        Things: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
            BillingMode: 'PAY_PER_REQUEST',
            TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
            SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } },
          },
        },
      },
      { Outputs: { Name: { Value: { Ref: 'Things' }, Export: { Name: 'State:Things' } } } },
    );
    const main = aStack(
      'Main',
      { Role: aRole(), Worker: aFunction({ Environment: { Variables: { TABLE: { 'Fn::ImportValue': 'State:Things' } } } }) },
      { code },
    );
    const { tables, functions } = modelOf(main, state);
    expect(tables).toMatchObject([
      { name: 'State-Things', ttlAttribute: 'expiresAt', keyArn: 'arn:aws:kms:us-east-1:000000000000:key/Key' },
    ]);
    expect(functions[0]?.environment).toEqual({ TABLE: 'State-Things' });
  });

  test('has routes to functions, each with its authoriser', () => {
    const route = (RouteKey: string, more: object) => ({
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey,
        Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
        ...more,
      },
    });
    const { httpApis } = modelOf(
      aStack(
        'Main',
        {
          Role: aRole(),
          Worker: aFunction(),
          Users: { Type: 'AWS::Cognito::UserPool' },
          Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
          Integration: {
            Type: 'AWS::ApiGatewayV2::Integration',
            Properties: {
              ApiId: { Ref: 'Api' },
              IntegrationType: 'AWS_PROXY',
              IntegrationUri: { 'Fn::GetAtt': ['Worker', 'Arn'] },
              PayloadFormatVersion: '2.0',
            },
          },
          SignedIn: {
            Type: 'AWS::ApiGatewayV2::Authorizer',
            Properties: {
              ApiId: { Ref: 'Api' },
              AuthorizerType: 'JWT',
              IdentitySource: ['$request.header.Authorization'],
              JwtConfiguration: { Audience: ['app'], Issuer: { 'Fn::GetAtt': ['Users', 'ProviderURL'] } },
            },
          },
          Open: route('GET /', {}),
          Closed: route('ANY /api/{proxy+}', { AuthorizationType: 'JWT', AuthorizerId: { Ref: 'SignedIn' } }),
        },
        { code },
      ),
    );
    const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:Main-Worker';
    const issuer = 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Users';
    expect(httpApis[0]?.routes).toEqual([
      { routeKey: 'GET /', functionArn, authorizer: null },
      { routeKey: 'ANY /api/{proxy+}', functionArn, authorizer: { id: 'SignedIn', issuer, audience: ['app'] } },
    ]);
  });
});

describe('what is not supported', () => {
  test('is reported all at once, with stack, id, type and property', () => {
    const one = aStack('One', {
      Cache: { Type: 'AWS::ElastiCache::CacheCluster' },
      Jobs: {
        Type: 'AWS::SQS::Queue',
        Properties: { Colour: 'red', RedrivePolicy: { deadLetterTargetArn: 'a', maxReceiveCount: 3, more: 1 } },
      },
      Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Threshold: 1, Sound: 'loud' } },
    });
    const two = aStack('Two', {
      Rule: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 day)', EventPattern: { source: ['a'] } } },
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: { 'Fn::Cidr': [] }, EventSourceName: 'partner' } },
      Maybe: { Type: 'AWS::SQS::Queue', Condition: 'Sometimes' },
    });
    expect(complaintsOf(one, two)).toEqual([
      'One Cache AWS::ElastiCache::CacheCluster : this resource type is not understood',
      'One Jobs AWS::SQS::Queue RedrivePolicy.more: this property is not understood',
      'One Jobs AWS::SQS::Queue Colour: this property is not understood',
      'One Alarm AWS::CloudWatch::Alarm Sound: this property is not understood',
      'Two Rule AWS::Events::Rule ScheduleExpression: this property is not understood',
      'Two Bus AWS::Events::EventBus Name: Fn::Cidr is not understood',
      'Two Bus AWS::Events::EventBus EventSourceName: this property is not understood',
      'Two Maybe AWS::SQS::Queue Condition: conditions are not understood',
    ]);
  });
  test('is explained to the person who starts the stack', () => {
    expect(() => modelOf(aStack('One', { Cache: { Type: 'AWS::ElastiCache::CacheCluster' } }))).toThrow(
      /does not understand 1 thing in the template.*\n- One Cache \(AWS::ElastiCache::CacheCluster\): this resource type is not understood/s,
    );
  });
  test('is a value that the local stack cannot honour', () => {
    const table = {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    };
    expect(
      complaintsOf(
        aStack(
          'One',
          { Role: aRole(), Old: aFunction({ Runtime: 'nodejs20.x' }), T: { Type: 'AWS::DynamoDB::Table', Properties: table } },
          { code },
        ),
      ),
    ).toEqual([
      'One Old AWS::Lambda::Function Runtime: the local stack runs Node 24 only',
      expect.stringMatching(/^One T AWS::DynamoDB::Table BillingMode: /),
    ]);
  });
  test('is code that is not in the assembly', () => {
    expect(complaintsOf(aStack('One', { Role: aRole(), F: aFunction() }))).toEqual([
      'One F AWS::Lambda::Function Code.S3Key: no folder of the cloud assembly holds abc.zip',
    ]);
  });
  test('is a managed policy or a condition that could allow more than is checked', () => {
    const condition = { StringEquals: { 'aws:PrincipalTag/team': 'x' } };
    const statement = { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: '*', Condition: condition };
    const managed = {
      Type: 'AWS::IAM::Role',
      Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
    };
    expect(complaintsOf(aStack('One', { Role: aRole([statement]), F: aFunction() }, { code }))).toEqual([
      'One Role AWS::IAM::Role Condition.StringEquals.aws:PrincipalTag/team: this condition on dynamodb:GetItem is not understood',
    ]);
    expect(complaintsOf(aStack('One', { Admin: managed }))).toEqual([
      'One Admin AWS::IAM::Role ManagedPolicyArns.0: a managed policy whose content the template does not show',
    ]);
    expect(complaintsOf(aStack('One', { Role: aRole([{ ...statement, NotResource: '*' }]) }))).toEqual([
      'One Role AWS::IAM::Role Policies.0.PolicyDocument.Statement.0.NotResource: this property is not understood',
    ]);
  });
  test('is a pattern that the local bus cannot match', () => {
    const rule = { Type: 'AWS::Events::Rule', Properties: { EventPattern: { detail: { ip: [{ cidr: '10.0.0.0/8' }] } } } };
    expect(complaintsOf(aStack('One', { Rule: rule }))).toEqual([
      'One Rule AWS::Events::Rule EventPattern.detail.ip.0: {"cidr":"10.0.0.0/8"} is not understood in an event pattern',
    ]);
  });
  test('is a section of a template that changes its content', () => {
    const template = { Resources: {}, Mappings: { Zones: {} }, Conditions: { Sometimes: true } };
    expect(() => parseTemplate('One', template)).toThrow(
      /stack One cannot be read by the local stack.*"Mappings".*"Conditions"/s,
    );
  });
});
