/**
 * EventBridge: PutEvents over the real protocol. An event is in the queue of each rule's target before PutEvents responds, so
 * accepted events survive a kill -9. An event whose target fails goes to the target's dead-letter queue; without one the entry
 * is rejected.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { messageText } from '#domain/messages/sqs-safe-json';
import { backoffMs } from '#domain/time/backoff';
import type { Invoke, Model, Rule, RuleTarget } from '#infra/emulator/model';
import { account, region } from '../template/intrinsics.ts';
import { matches } from './event-pattern.ts';
import { type Answer, jsonAnswer, ServiceError } from './wire.ts';

const entry = z.looseObject({
  Source: z.string().nullish(),
  DetailType: z.string().nullish(),
  Detail: z.string().nullish(),
  EventBusName: z.string().nullish(),
  Time: z.union([z.number(), z.string()]).nullish(),
  Resources: z.array(z.string()).nullish(),
});
const putEvents = z.looseObject({ Entries: z.array(entry).min(1) });
type Entry = z.infer<typeof entry>;
type Event = Record<string, unknown> & { id: string };
type Accepted = { EventId: string };
type Refused = { ErrorCode: string; ErrorMessage: string };

const mostEntries = 10;
const mostBytes = 256 * 1024;
/** A target function is called up to three times; then the event goes to the target's dead-letter queue. */
const mostAttempts = 3;
const retryPolicy = { firstMs: 50, longestMs: 200, jitter: 'none' } as const;

export type EventBusDependencies = {
  model: Pick<Model, 'buses' | 'rules'>;
  /** Puts a message in the queue; rejects if it cannot. */
  send(queueArn: string, body: string): Promise<void>;
  invoke: Invoke;
  onProblem(message: string): void;
};
export type EventBus = { call(operation: string, body: unknown): Promise<Answer> };

export function eventBus({ model, send, invoke, onProblem }: EventBusDependencies): EventBus {
  const buses = new Set(['default', ...model.buses.map(({ name }) => name)]);

  async function put(given: Entry): Promise<Accepted | Refused> {
    const bus = busName(given);
    const fault = faultIn(given);
    if (fault) return fault;
    if (!buses.has(bus)) return { ErrorCode: 'InvalidArgument', ErrorMessage: `Event bus ${bus} does not exist.` };
    const event = eventOf(given);
    const rules = model.rules.filter((rule) => rule.enabled && rule.busName === bus && matches(rule.pattern, event));
    try {
      for (const rule of rules) for (const target of rule.targets) await deliver(event, target, rule);
      return { EventId: event.id };
    } catch (error) {
      return { ErrorCode: 'InternalFailure', ErrorMessage: reason(error) };
    }
  }

  async function deliver(event: Event, target: RuleTarget, rule: Rule): Promise<void> {
    try {
      if (target.arn.includes(':sqs:')) await send(target.arn, messageText(event));
      else await call(event, target.arn);
    } catch (error) {
      const message = `Event ${event.id} did not reach target ${target.id} of rule ${rule.id}: ${reason(error)}`;
      onProblem(message);
      if (target.deadLetterArn === null) throw new Error(message);
      await send(target.deadLetterArn, messageText(event));
    }
  }

  async function call(event: Event, functionArn: string, attempt = 1): Promise<void> {
    try {
      await invoke(functionArn, event);
    } catch (error) {
      if (attempt >= mostAttempts) throw error;
      await pause(backoffMs(retryPolicy, attempt, 0));
      await call(event, functionArn, attempt + 1);
    }
  }

  return {
    async call(operation, body) {
      if (operation !== 'PutEvents')
        throw new ServiceError('UnknownOperationException', `The local bus answers PutEvents only, not ${operation}.`);
      const entries = entriesOf(body);
      const results: (Accepted | Refused)[] = [];
      for (const one of entries) results.push(await put(one));
      return jsonAnswer('events', {
        FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
        Entries: results,
      });
    },
  };
}

/** Throws EventBridge's error if the request as a whole is invalid. */
function entriesOf(body: unknown): Entry[] {
  const parsed = putEvents.safeParse(body);
  if (!parsed.success) throw new ServiceError('ValidationException', z.prettifyError(parsed.error));
  const { Entries } = parsed.data;
  if (Entries.length > mostEntries)
    throw new ServiceError(
      'ValidationException',
      `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to ${mostEntries}`,
    );
  if (Entries.reduce((sum, one) => sum + sizeOf(one), 0) > mostBytes)
    throw new ServiceError('ValidationException', 'Total size of the entries in the request is over the limit.');
  return Entries;
}

/** The size by EventBridge's rule: 14 bytes for a time, and the UTF-8 bytes of the rest. */
function sizeOf({ Time, Source, DetailType, Detail, Resources }: Entry): number {
  const texts = [Source, DetailType, Detail, ...(Resources ?? [])];
  return (Time ? 14 : 0) + texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
}

function faultIn({ Source, DetailType, Detail }: Entry): Refused | null {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail }))
    if (!value)
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      };
  if (Source?.startsWith('aws.'))
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  return parseDetail(Detail ?? '') === null ? { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' } : null;
}

function parseDetail(detail: string): Record<string, unknown> | null {
  try {
    return z.record(z.string(), z.unknown()).safeParse(JSON.parse(detail)).data ?? null;
  } catch {
    return null;
  }
}

function eventOf(given: Entry): Event {
  const { Source, DetailType, Detail, Time, Resources } = given;
  const time = Time == null ? new Date() : new Date(typeof Time === 'number' ? Time * 1000 : Time);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': DetailType,
    source: Source,
    account,
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: Resources ?? [],
    detail: parseDetail(Detail ?? ''),
  };
}

function busName({ EventBusName }: Entry): string {
  return EventBusName?.replace(/^arn:.*event-bus\//, '') || 'default';
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
