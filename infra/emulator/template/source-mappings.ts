/** Event source mappings: of queues, and of tables' streams. A property that belongs to the other kind is reported. */
import type { EventSourceMapping, StreamMapping } from '#infra/emulator/model';
import { checkPattern } from '#infra/emulator/services/event-pattern';
import type { Resource } from './local-resource.ts';
import type { Report } from './unsupported.ts';

type Mapping = Resource<'AWS::Lambda::EventSourceMapping'>;
type Functions = readonly Resource<'AWS::Lambda::Function'>[];

export const readsStream = ({ properties }: Mapping): boolean => /:dynamodb:.*\/stream\//.test(properties.EventSourceArn);

const ofStreams = [
  'StartingPosition',
  'ParallelizationFactor',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'MaximumRecordAgeInSeconds',
  'DestinationConfig',
  'FilterCriteria',
] as const;

export function toMapping(mapping: Mapping, functions: Functions, report: Report): EventSourceMapping {
  const { id, properties } = mapping;
  for (const property of ofStreams)
    if (properties[property] !== undefined) refuse(mapping, report, { property, says: 'is understood of streams only' });
  return {
    id,
    functionArn: functionArn(properties.FunctionName, functions),
    queueArn: properties.EventSourceArn,
    batchSize: properties.BatchSize,
    windowSeconds: properties.MaximumBatchingWindowInSeconds,
    reportsItemFailures: reportsFailures(mapping),
    maximumConcurrency: properties.ScalingConfig?.MaximumConcurrency ?? null,
    enabled: properties.Enabled,
  };
}

export function toStreamMapping(mapping: Mapping, functions: Functions, report: Report): StreamMapping {
  const { id, properties } = mapping;
  const { StartingPosition, FilterCriteria, DestinationConfig, ScalingConfig, MaximumBatchingWindowInSeconds } = properties;
  if (StartingPosition === undefined) refuse(mapping, report, { property: 'StartingPosition', says: 'is missing' });
  if (ScalingConfig !== undefined) refuse(mapping, report, { property: 'ScalingConfig', says: 'is understood of queues only' });
  if (MaximumBatchingWindowInSeconds !== 0)
    refuse(mapping, report, { property: 'MaximumBatchingWindowInSeconds', says: 'is understood of queues only' });
  const filters = (FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern);
  for (const { path, says } of filters.flatMap((pattern) => checkPattern(pattern)))
    refuse(mapping, report, { property: `FilterCriteria.${path}`, says });
  return {
    id,
    functionArn: functionArn(properties.FunctionName, functions),
    streamArn: properties.EventSourceArn,
    batchSize: properties.BatchSize,
    startsAt: StartingPosition ?? 'TRIM_HORIZON',
    reportsItemFailures: reportsFailures(mapping),
    bisects: properties.BisectBatchOnFunctionError ?? false,
    retryAttempts: properties.MaximumRetryAttempts ?? -1,
    maximumAgeSeconds: properties.MaximumRecordAgeInSeconds ?? -1,
    filters,
    failuresArn: DestinationConfig?.OnFailure.Destination ?? null,
    enabled: properties.Enabled,
  };
}

function refuse({ stack, id, type }: Mapping, report: Report, { property, says }: { property: string; says: string }): void {
  report({ stack: stack.name, id, type, property, says });
}

const reportsFailures = ({ properties }: Mapping): boolean =>
  properties.FunctionResponseTypes.includes('ReportBatchItemFailures');

/** A mapping may identify its function by name or by ARN. */
function functionArn(given: string, functions: Functions): string {
  return functions.find(({ identity }) => identity.name === given)?.identity.attributes.Arn ?? given;
}
