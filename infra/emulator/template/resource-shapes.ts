/**
 * The properties that the local stack honours, per resource type. Strict throughout: a property that is not named here is
 * rejected. `noEffect` marks those that are known and make no difference on one machine.
 */
import { z } from 'zod';

const noEffect = z.unknown().optional();
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const number = z.coerce.number();
const list = <T extends z.ZodType>(element: T) => z.union([z.array(element), element.transform((one) => [one])]);
const statement = z.strictObject({
  Sid: noEffect,
  Effect: z.enum(['Allow', 'Deny']),
  Action: list(z.string()),
  Resource: list(z.string()),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
const policyDocument = z.strictObject({ Version: noEffect, Statement: list(statement) });
const jsonRecord = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is no JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.unknown()));
const keySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const projection = z.strictObject({ ProjectionType: z.string(), NonKeyAttributes: z.array(z.string()).optional() });

/** What both kinds of API have in common. */
const anyApi = {
  Name: z.string(),
  Description: noEffect,
  DisableExecuteApiEndpoint: noEffect,
  IpAddressType: noEffect,
  Tags: noEffect,
};

export const shapes = {
  'AWS::DynamoDB::Table': z.strictObject({
    TableName: noEffect,
    KeySchema: keySchema,
    AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
    GlobalSecondaryIndexes: z
      .array(
        z.strictObject({
          IndexName: z.string(),
          KeySchema: keySchema,
          Projection: projection,
          ContributorInsightsSpecification: noEffect,
        }),
      )
      .optional(),
    BillingMode: z.literal('PAY_PER_REQUEST'),
    StreamSpecification: z.strictObject({ StreamViewType: z.literal('NEW_IMAGE') }).optional(),
    TimeToLiveSpecification: z.strictObject({ AttributeName: z.string(), Enabled: flag }).optional(),
    SSESpecification: z.strictObject({ SSEEnabled: flag, SSEType: noEffect, KMSMasterKeyId: z.string().optional() }).optional(),
    PointInTimeRecoverySpecification: noEffect,
    DeletionProtectionEnabled: noEffect,
    TableClass: noEffect,
    Tags: noEffect,
  }),
  'AWS::SQS::Queue': z.strictObject({
    QueueName: noEffect,
    FifoQueue: flag.optional(),
    ContentBasedDeduplication: flag.optional(),
    DelaySeconds: number.optional(),
    MaximumMessageSize: number.optional(),
    MessageRetentionPeriod: number.optional(),
    ReceiveMessageWaitTimeSeconds: number.optional(),
    VisibilityTimeout: number.optional(),
    RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: number }).optional(),
    KmsMasterKeyId: z.string().optional(),
    /** A message is already deduplicated per queue, which is stricter than per group; throughput is the machine's. */
    DeduplicationScope: noEffect,
    FifoThroughputLimit: noEffect,
    RedriveAllowPolicy: noEffect,
    KmsDataKeyReusePeriodSeconds: noEffect,
    SqsManagedSseEnabled: noEffect,
    Tags: noEffect,
  }),
  'AWS::Lambda::Function': z.strictObject({
    FunctionName: noEffect,
    Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
    Handler: z.string(),
    Role: z.string(),
    Runtime: z.literal('nodejs24.x', 'the local stack runs Node 24 only'),
    Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).optional(),
    Timeout: number.default(3),
    MemorySize: number.default(128),
    ReservedConcurrentExecutions: number.optional(),
    PackageType: z.literal('Zip').optional(),
    Architectures: noEffect,
    /** For asynchronous calls, such as a schedule's. Its next run makes up for a failed one. */
    DeadLetterConfig: noEffect,
    Description: noEffect,
    EphemeralStorage: noEffect,
    KmsKeyArn: noEffect,
    LoggingConfig: noEffect,
    RecursiveLoop: noEffect,
    Tags: noEffect,
    TracingConfig: noEffect,
  }),
  'AWS::Lambda::EventSourceMapping': z.strictObject({
    EventSourceArn: z.string(),
    FunctionName: z.string(),
    BatchSize: number.default(10),
    Enabled: flag.default(true),
    FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
    MaximumBatchingWindowInSeconds: number.default(0),
    ScalingConfig: z.strictObject({ MaximumConcurrency: number }).optional(),
    /** The following are for streams. */
    StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']).optional(),
    ParallelizationFactor: z.literal(1).optional(),
    BisectBatchOnFunctionError: flag.optional(),
    MaximumRetryAttempts: number.optional(),
    MaximumRecordAgeInSeconds: number.optional(),
    DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }).optional(),
    FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: jsonRecord })) }).optional(),
    Tags: noEffect,
  }),
  'AWS::Events::EventBus': z.strictObject({
    Name: noEffect,
    Description: noEffect,
    KmsKeyIdentifier: noEffect,
    LogConfig: noEffect,
    Tags: noEffect,
  }),
  'AWS::Events::Rule': z.strictObject({
    Name: noEffect,
    Description: noEffect,
    EventBusName: z.string().default('default'),
    EventPattern: z.record(z.string(), z.unknown()),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Targets: z
      .array(
        z.strictObject({
          Id: z.string(),
          Arn: z.string(),
          DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
          /** A queue on the same machine accepts the event at once or never. */
          RetryPolicy: noEffect,
          RoleArn: noEffect,
        }),
      )
      .default([]),
    Tags: noEffect,
  }),
  'AWS::Scheduler::Schedule': z.strictObject({
    Name: noEffect,
    Description: noEffect,
    GroupName: noEffect,
    KmsKeyArn: noEffect,
    ScheduleExpression: z.string(),
    ScheduleExpressionTimezone: z.enum(['UTC', 'Etc/UTC'], 'the local stack keeps UTC only').optional(),
    FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Target: z.strictObject({
      Arn: z.string(),
      Input: z.string().optional(),
      /** The next run makes up for a failed one. */
      RetryPolicy: noEffect,
      DeadLetterConfig: noEffect,
      RoleArn: noEffect,
    }),
  }),
  'AWS::ApiGatewayV2::Api': z.discriminatedUnion('ProtocolType', [
    z.strictObject({ ...anyApi, ProtocolType: z.literal('HTTP') }),
    z.strictObject({
      ...anyApi,
      ProtocolType: z.literal('WEBSOCKET'),
      RouteSelectionExpression: z.literal('$request.body.action'),
    }),
  ]),
  'AWS::ApiGatewayV2::Authorizer': z.discriminatedUnion('AuthorizerType', [
    z.strictObject({
      ApiId: z.string(),
      Name: noEffect,
      AuthorizerType: z.literal('JWT'),
      IdentitySource: z.tuple([z.literal('$request.header.Authorization')]),
      JwtConfiguration: z.strictObject({ Audience: z.array(z.string()), Issuer: z.string() }),
    }),
    z.strictObject({
      ApiId: z.string(),
      Name: noEffect,
      AuthorizerType: z.literal('REQUEST'),
      AuthorizerUri: z.string(),
      IdentitySource: z.array(
        z.string().regex(/^route\.request\.(header|querystring)\.[\w.-]+$/, 'only headers and query parameters are understood'),
      ),
    }),
  ]),
  'AWS::ApiGatewayV2::Integration': z.strictObject({
    ApiId: z.string(),
    IntegrationType: z.literal('AWS_PROXY'),
    IntegrationUri: z.string(),
    IntegrationMethod: noEffect,
    PayloadFormatVersion: z.literal('2.0').optional(),
    TimeoutInMillis: noEffect,
    Description: noEffect,
  }),
  'AWS::ApiGatewayV2::Route': z.strictObject({
    ApiId: z.string(),
    RouteKey: z.string(),
    Target: z.string().regex(/^integrations\//),
    AuthorizationType: z.enum(['NONE', 'JWT', 'CUSTOM']).default('NONE'),
    AuthorizerId: z.string().optional(),
    OperationName: noEffect,
  }),
  'AWS::ApiGatewayV2::Stage': z.strictObject({
    ApiId: z.string(),
    StageName: z.string(),
    AutoDeploy: noEffect,
    AccessLogSettings: noEffect,
    Description: noEffect,
    /** A single local user is not throttled. */
    DefaultRouteSettings: noEffect,
    Tags: noEffect,
  }),
  'AWS::SecretsManager::Secret': z.strictObject({
    Name: noEffect,
    Description: noEffect,
    GenerateSecretString: z
      .strictObject({
        ExcludeCharacters: z.string().default(''),
        ExcludeLowercase: flag.default(false),
        ExcludeNumbers: flag.default(false),
        ExcludePunctuation: flag.default(false),
        ExcludeUppercase: flag.default(false),
        GenerateStringKey: z.string().optional(),
        IncludeSpace: flag.default(false),
        PasswordLength: number.default(32),
        RequireEachIncludedType: flag.default(true),
        SecretStringTemplate: z.string().optional(),
      })
      .refine(
        ({ GenerateStringKey: key, SecretStringTemplate: template }) => (key === undefined) === (template === undefined),
        'a template and the key that is filled in it come together',
      )
      .optional(),
    KmsKeyId: z.string().optional(),
    Tags: noEffect,
  }),
  'AWS::IAM::Role': z.strictObject({
    RoleName: noEffect,
    AssumeRolePolicyDocument: noEffect,
    Description: noEffect,
    MaxSessionDuration: noEffect,
    Path: noEffect,
    Tags: noEffect,
    Policies: z.array(z.strictObject({ PolicyName: noEffect, PolicyDocument: policyDocument })).default([]),
    /** These two allow logs and traces only, which are not used locally. Any other could allow what this stack must check. */
    ManagedPolicyArns: z
      .array(
        z
          .string()
          .regex(
            /:policy\/(service-role\/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess)$/,
            'a managed policy whose content the template does not show',
          ),
      )
      .default([]),
  }),
  'AWS::IAM::Policy': z.strictObject({ PolicyName: noEffect, PolicyDocument: policyDocument, Roles: z.array(z.string()) }),
} as const;

export type Understood = keyof typeof shapes;
export type Properties<T extends Understood> = z.infer<(typeof shapes)[T]>;
export type PolicyStatement = z.infer<typeof statement>;
