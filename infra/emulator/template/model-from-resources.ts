/** Converts supported resources, fully resolved, to the model's records. */
import type { FunctionResource, Model, QueueResource, Rule, Statement, Table } from '#infra/emulator/model';
import { checkPattern } from '#infra/emulator/services/event-pattern';
import { toHttpApi } from './http-routes.ts';
import type { LocalResource, Resource } from './local-resource.ts';
import type { Understood } from './resource-shapes.ts';
import { statementsByRole } from './role-statements.ts';
import { toSecret } from './secrets.ts';
import { toSocketApi } from './socket-routes.ts';
import { readsStream, toMapping, toStreamMapping } from './source-mappings.ts';
import type { Report } from './unsupported.ts';

/** Reports problems that show only across resources; the model must then not be used. */
export function toModel(resources: readonly LocalResource[], report: Report): Model {
  const of = <T extends Understood>(type: T) =>
    resources.filter((resource): resource is Resource<T> & LocalResource => resource.type === type);
  const statements = statementsByRole(resources, report);
  return {
    tables: of('AWS::DynamoDB::Table').map(toTable),
    queues: of('AWS::SQS::Queue').map(toQueue),
    functions: of('AWS::Lambda::Function').map((resource) => toFunction(resource, statements, report)),
    mappings: of('AWS::Lambda::EventSourceMapping')
      .filter((resource) => !readsStream(resource))
      .map((resource) => toMapping(resource, of('AWS::Lambda::Function'), report)),
    streamMappings: of('AWS::Lambda::EventSourceMapping')
      .filter(readsStream)
      .map((resource) => toStreamMapping(resource, of('AWS::Lambda::Function'), report)),
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
    httpApis: of('AWS::ApiGatewayV2::Api')
      .filter(({ properties }) => properties.ProtocolType === 'HTTP')
      .map((api) => toHttpApi(api, resources, report)),
    socketApis: of('AWS::ApiGatewayV2::Api')
      .filter(({ properties }) => properties.ProtocolType === 'WEBSOCKET')
      .map((api) => toSocketApi(api, resources, report)),
    secrets: of('AWS::SecretsManager::Secret').map(toSecret),
  };
}

function toTable({ id, identity, properties }: Resource<'AWS::DynamoDB::Table'>): Table {
  const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode } = properties;
  const { StreamSpecification, TimeToLiveSpecification, SSESpecification } = properties;
  return {
    id,
    name: identity.name,
    arn: identity.attributes.Arn ?? '',
    definition: {
      KeySchema,
      AttributeDefinitions,
      BillingMode,
      ...(StreamSpecification === undefined ? {} : { StreamSpecification: { ...StreamSpecification, StreamEnabled: true } }),
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
    ...(StreamSpecification === undefined ? {} : { streamArn: identity.attributes.StreamArn ?? '' }),
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
