/** Understood resources, with everything in them resolved, to the model's records. */
import type { FunctionResource, HttpApi, Model, QueueResource, Route, Rule, Statement, Table } from '#infra/local/model';
import { checkPattern } from '#infra/local/services/event-pattern';
import type { Identity } from './identities.ts';
import type { Report } from './problems.ts';
import type { PolicyStatement, Properties, Understood } from './resource-shapes.ts';
import type { StackDocument } from './stack-document.ts';

export type LocalResource = { [T in Understood]: Resource<T> }[Understood];
type Resource<T extends Understood> = {
  type: T;
  id: string;
  stack: StackDocument;
  identity: Identity;
  properties: Properties<T>;
};

/** Reports what only shows when resources are seen together; the model is then not to be used. */
export function toModel(resources: readonly LocalResource[], report: Report): Model {
  const of = <T extends Understood>(type: T) =>
    resources.filter((resource): resource is Resource<T> & LocalResource => resource.type === type);
  return {
    tables: of('AWS::DynamoDB::Table').map(toTable),
    queues: of('AWS::SQS::Queue').map(toQueue),
    functions: of('AWS::Lambda::Function').map((resource) => toFunction(resource, statementsByRole(resources, report), report)),
    mappings: of('AWS::Lambda::EventSourceMapping').map(({ id, properties }) => ({
      id,
      functionArn: functionArn(properties.FunctionName, of('AWS::Lambda::Function')),
      queueArn: properties.EventSourceArn,
      batchSize: properties.BatchSize,
      windowSeconds: properties.MaximumBatchingWindowInSeconds,
      reportsItemFailures: properties.FunctionResponseTypes.includes('ReportBatchItemFailures'),
      maximumConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? null,
      enabled: properties.Enabled,
    })),
    buses: of('AWS::Events::EventBus').map(({ id, identity }) => ({
      id,
      name: identity.name,
      arn: identity.attributes.Arn ?? '',
    })),
    rules: of('AWS::Events::Rule').map((resource) => toRule(resource, report)),
    schedules: of('AWS::Scheduler::Schedule').map(({ id, properties }) => ({
      id,
      expression: properties.ScheduleExpression,
      enabled: properties.State === 'ENABLED',
      targetArn: properties.Target.Arn,
      input: properties.Target.Input ?? null,
    })),
    httpApis: of('AWS::ApiGatewayV2::Api').map((api) => toHttpApi(api, resources, report)),
    secrets: of('AWS::SecretsManager::Secret').map(({ id, identity }) => ({ id, name: identity.name, arn: identity.ref })),
  };
}

function toTable({ id, identity, properties }: Resource<'AWS::DynamoDB::Table'>): Table {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode, TimeToLiveSpecification, SSESpecification } =
    properties;
  return {
    id,
    name: identity.name,
    arn: identity.attributes.Arn ?? '',
    definition: {
      KeySchema,
      AttributeDefinitions,
      BillingMode,
      ...(GlobalSecondaryIndexes === undefined
        ? {}
        : {
            GlobalSecondaryIndexes: GlobalSecondaryIndexes.map((index) => ({
              IndexName: index.IndexName,
              KeySchema: index.KeySchema,
              Projection: index.Projection,
            })),
          }),
    },
    ttlAttribute: TimeToLiveSpecification?.Enabled ? TimeToLiveSpecification.AttributeName : null,
    ...(SSESpecification?.KMSMasterKeyId === undefined ? {} : { keyArn: SSESpecification.KMSMasterKeyId }),
  };
}

function toQueue({ id, identity, properties }: Resource<'AWS::SQS::Queue'>): QueueResource {
  const { RedrivePolicy, KmsMasterKeyId } = properties;
  const given = {
    FifoQueue: properties.FifoQueue || undefined,
    ContentBasedDeduplication: properties.ContentBasedDeduplication,
    DelaySeconds: properties.DelaySeconds,
    MaximumMessageSize: properties.MaximumMessageSize,
    MessageRetentionPeriod: properties.MessageRetentionPeriod,
    ReceiveMessageWaitTimeSeconds: properties.ReceiveMessageWaitTimeSeconds,
    VisibilityTimeout: properties.VisibilityTimeout,
    RedrivePolicy: RedrivePolicy && JSON.stringify(RedrivePolicy),
  };
  const attributes = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return {
    id,
    name: identity.name,
    arn: identity.attributes.Arn ?? '',
    url: identity.ref,
    attributes: Object.fromEntries(attributes),
    ...(KmsMasterKeyId?.startsWith('arn:') ? { keyArn: KmsMasterKeyId } : {}),
  };
}

function toFunction(
  { id, identity, properties, stack, type }: Resource<'AWS::Lambda::Function'>,
  statements: ReadonlyMap<string, Statement[]>,
  report: Report,
): FunctionResource {
  const codeDir = stack.codeDirs.get(properties.Code.S3Key);
  if (codeDir === undefined)
    report({
      stack: stack.name,
      id,
      type,
      property: 'Code.S3Key',
      says: `no folder of the cloud assembly holds ${properties.Code.S3Key}`,
    });
  return {
    id,
    name: identity.name,
    arn: identity.attributes.Arn ?? '',
    codeDir: codeDir ?? '',
    handler: properties.Handler,
    environment: properties.Environment?.Variables ?? {},
    timeoutSeconds: properties.Timeout,
    memoryMb: properties.MemorySize,
    reservedConcurrency: properties.ReservedConcurrentExecutions ?? null,
    policy: statements.get(properties.Role) ?? [],
  };
}

/** A mapping may name its function by name or by arn. */
function functionArn(given: string, functions: readonly Resource<'AWS::Lambda::Function'>[]): string {
  return functions.find(({ identity }) => identity.name === given)?.identity.attributes.Arn ?? given;
}

/** What each role may do, by its arn: inline policies and those attached to it. */
function statementsByRole(resources: readonly LocalResource[], report: Report): Map<string, Statement[]> {
  const roles = resources.filter((resource) => resource.type === 'AWS::IAM::Role');
  const attached = resources.filter((resource) => resource.type === 'AWS::IAM::Policy');
  return new Map(
    roles.map((role) => {
      const own = role.properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      const others = attached.filter(({ properties }) => properties.Roles.includes(role.identity.ref));
      const all = [...own, ...others.flatMap(({ properties }) => properties.PolicyDocument.Statement)];
      return [role.identity.attributes.Arn ?? '', all.map((statement) => toStatement(statement, role, report))];
    }),
  );
}

/** The only condition that a call on one machine can be held against. */
const knownCondition = 'kms:ViaService';
/** Services whose calls the gateway checks, so that a condition which it cannot check would silently allow or deny. */
const checked = /^(dynamodb|sqs|events|secretsmanager|kms|\*)(:|$)/i;

function toStatement(statement: PolicyStatement, role: Resource<'AWS::IAM::Role'>, report: Report): Statement {
  if (statement.Action.some((action) => checked.test(action)))
    for (const [operator, tests] of Object.entries(statement.Condition))
      for (const key of Object.keys(tests))
        if (operator !== 'StringEquals' || key !== knownCondition)
          report({
            stack: role.stack.name,
            id: role.id,
            type: role.type,
            property: `Condition.${operator}.${key}`,
            says: `this condition on ${statement.Action.join(', ')} is not understood`,
          });
  return { effect: statement.Effect, actions: statement.Action, resources: statement.Resource, conditions: statement.Condition };
}

function toRule({ id, properties, stack, type }: Resource<'AWS::Events::Rule'>, report: Report): Rule {
  for (const { path, says } of checkPattern(properties.EventPattern))
    report({ stack: stack.name, id, type, property: `EventPattern.${path}`, says });
  return {
    id,
    busName: properties.EventBusName.replace(/^arn:.*event-bus\//, ''),
    pattern: properties.EventPattern,
    enabled: properties.State === 'ENABLED',
    targets: properties.Targets.map((target) => ({
      id: target.Id,
      arn: target.Arn,
      deadLetterArn: target.DeadLetterConfig?.Arn ?? null,
      inputTemplate: null,
    })),
  };
}

function toHttpApi(api: Resource<'AWS::ApiGatewayV2::Api'>, resources: readonly LocalResource[], report: Report): HttpApi {
  const integrations = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Integration');
  const authorizers = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Authorizer');
  const routes = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Route');
  const ofApi = routes.filter(({ properties }) => properties.ApiId === api.identity.ref);
  return {
    id: api.id,
    name: api.properties.Name,
    routes: ofApi.map(({ id, stack, type, properties }): Route => {
      const uri = integrations.find(({ identity }) => `integrations/${identity.ref}` === properties.Target)?.properties
        .IntegrationUri;
      const authorizer = authorizers.find(({ identity }) => identity.ref === properties.AuthorizerId);
      const missing = (property: string) =>
        report({ stack: stack.name, id, type, property, says: 'leads to nothing that is understood' });
      if (uri === undefined) missing('Target');
      if (properties.AuthorizationType === 'JWT' && !authorizer) missing('AuthorizerId');
      const jwt = authorizer?.properties.JwtConfiguration;
      return {
        routeKey: properties.RouteKey,
        functionArn: uri === undefined ? '' : functionOf(uri),
        authorizer: authorizer && jwt ? { id: authorizer.id, issuer: jwt.Issuer, audience: jwt.Audience } : null,
      };
    }),
  };
}

/** An integration names its function by arn, or by a path of API Gateway that holds the arn. */
function functionOf(uri: string): string {
  return /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
