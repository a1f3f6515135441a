/**
 * Why a message is in a dead-letter queue, and what to do about it, from the message itself: whether it fits its queue's schema,
 * and if not, which fields are wrong. Never a field's value: it may be a person's name.
 */
import type { z } from 'zod';
import { contentOfRequest } from '#domain/messages/action-identity';
import { bulkMessage } from '#domain/messages/bulk';
import {
  type ActionRequested,
  actionRequested,
  busEnvelope,
  type EventIn,
  eventsIn,
  noneOfOurs,
} from '#domain/messages/events-in';
import { actionMessage, evaluationMessage, gatherMessage } from '#domain/messages/queue-messages';
import { fieldFaults } from '#domain/runtime/field-faults';

export type Reading =
  /** What it was for, and what to look up to know more. */
  { readable: true; about: string; concerns: Concern } | { readable: false; about: string; because: string };
export type Concern =
  | { kind: 'action'; actionId: string }
  | { kind: 'request'; request: ActionRequested }
  | { kind: 'source'; sourceId: string }
  | { kind: 'nothing' };

type Reader = (body: unknown) => Reading;
const source = (sourceId: string): Concern => ({ kind: 'source', sourceId });

function reader<S extends z.ZodType>(
  schema: S,
  about: string,
  read: (parsed: z.output<S>) => { about: string; concerns: Concern },
) {
  return (body: unknown): Reading => {
    const parsed = schema.safeParse(body);
    return parsed.success ? { readable: true, ...read(parsed.data) } : { readable: false, about, because: faults(parsed.error) };
  };
}

function portalEvent(body: unknown): Reading {
  const envelope = busEnvelope.safeParse(body);
  if (!envelope.success) return { readable: false, about: 'An event', because: faults(envelope.error) };
  const kind = envelope.data['detail-type'];
  if (!Object.hasOwn(eventsIn, kind)) return { readable: false, about: 'An event', because: `field detail-type ${noneOfOurs}` };
  const detail = eventsIn[kind as EventIn].safeParse(envelope.data.detail);
  const about = `The event ${kind}`;
  if (!detail.success) return { readable: false, about, because: faults(detail.error, ['detail']) };
  const request = actionRequested.safeParse(kind === 'ActionRequested' ? envelope.data.detail : undefined);
  return { readable: true, about, concerns: request.success ? { kind: 'request', request: request.data } : { kind: 'nothing' } };
}

const evaluation = reader(evaluationMessage, 'An evaluation', (message) => ({
  about:
    message.kind === 'resume'
      ? `The sending of what waits for ${message.sourceId} (${message.cause})`
      : message.kind === 'everyone'
        ? `The evaluation of everyone at ${message.sourceId} (${message.cause})`
        : `The evaluation of ${message.users.length} ${message.users.length === 1 ? 'user' : 'users'} of ${message.sourceId} (${message.cause})`,
  concerns: { kind: 'nothing' },
}));

const actionReader = reader(actionMessage, 'An action', ({ actionId }) => ({
  about: `Action ${actionId}`,
  concerns: { kind: 'action', actionId },
}));

const readers: Record<string, Reader> = {
  gather: reader(gatherMessage, 'A gather', ({ sourceId }) => ({ about: `A gather of ${sourceId}`, concerns: source(sourceId) })),
  evaluations: evaluation,
  bulkEvaluations: evaluation,
  actions: actionReader,
  bulkActions: actionReader,
  bulks: reader(bulkMessage, 'Part of a bulk', ({ bulkId, part, what }) => ({
    about: `Part ${part + 1} of bulk ${bulkId}, to ${what === 'take' ? 'request' : 'cancel'} its actions`,
    concerns: { kind: 'nothing' },
  })),
  portalEvents: portalEvent,
  portalRule: portalEvent,
  gatherSchedule: () => ({ readable: true, about: 'A start of the gathers on schedule', concerns: { kind: 'nothing' } }),
};

/** `queue`: the name of the dead-letter queue; messages of an unknown one are described by its name. */
export function readDeadLetter(queue: string, body: string): Reading {
  const read = readers[queue];
  if (!read) return { readable: true, about: `A message of ${queue}`, concerns: { kind: 'nothing' } };
  try {
    return read(JSON.parse(body));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { readable: false, about: 'A message', because: 'its body is no JSON' };
  }
}

/** For display: of very many faults only the first are listed. */
const mostFaults = 12;

function faults(error: z.ZodError, root: readonly string[] = []): string {
  const all = fieldFaults(error, root);
  const listed = all
    .slice(0, mostFaults)
    .map(({ path, message }) => `${path === '' ? 'the whole' : `field ${path}`}: ${message}`);
  return [...listed, ...(all.length > mostFaults ? [`and ${all.length - mostFaults} more`] : [])].join('; ');
}

/** What was looked up for a readable message. Null: not found, or not looked up. */
export type Known = {
  /** `content`: of the request stored under its id. */
  action: { state: string; isFinal: boolean; note: string; content: string } | null;
  deviceKnown: boolean;
  sourceProblem: { what: string; remedy: string } | null;
};
export type Account = { about: string; because: string; remedy: string };

const workerFailed = 'it reads well, and its worker failed on it time and again (its log names the error, by the message id)';

export function accountOf(reading: Reading, known: Known): Account {
  const { about } = reading;
  if (!reading.readable)
    return {
      about,
      because: `It is not what this queue takes: ${reading.because}.`,
      remedy: 'Have its sender put that right and send it anew; then drop this one.',
    };
  const { concerns } = reading;
  switch (concerns.kind) {
    case 'action':
      return ofAction(about, known.action);
    case 'request':
      return ofRequest(about, concerns.request, known);
    case 'source':
      return known.sourceProblem
        ? {
            about,
            because: `${known.sourceProblem.what}.`,
            remedy: `${known.sourceProblem.remedy} Then redrive, or drop: the schedule gathers by itself.`,
          }
        : { about, because: `${capital(workerFailed)}.`, remedy: 'Redrive it, or drop it: the schedule gathers by itself.' };
    case 'nothing':
      return { about, because: `${capital(workerFailed)}.`, remedy: 'Redrive it: whatever was done already is not done twice.' };
  }
}

function ofAction(about: string, action: Known['action']): Account {
  if (!action)
    return { about, because: 'There is no such action in the ledger.', remedy: 'Drop it: there is nothing to carry out.' };
  if (action.isFinal)
    return { about, because: `It has ended since: ${action.state}. ${action.note}`, remedy: 'Drop it: nothing is left to do.' };
  return {
    about,
    because: `It is ${action.state}, and its worker failed on it time and again.${action.note === '' ? '' : ` Last: ${action.note}`}`,
    remedy: 'Redrive it; it is carried out once, and expires at its deadline.',
  };
}

function ofRequest(about: string, request: ActionRequested, { deviceKnown, action }: Known): Account {
  if (!deviceKnown && !action)
    return {
      about,
      because: 'No device of this source, user and device id (field detail.target) is known.',
      remedy: 'Gather the source and redrive it; or drop it, if the device is gone.',
    };
  if (action && action.content !== contentOfRequest(request))
    return {
      about,
      because: `Its action id (field detail.actionId) was used before for another content, and that action is ${action.state}.`,
      remedy: 'Have it sent anew under an id of its own, if it is still wanted; then drop this one.',
    };
  if (action)
    return { about, because: `It was taken before: its action is ${action.state}.`, remedy: 'Drop it: nothing is left to do.' };
  return { about, because: `${capital(workerFailed)}.`, remedy: 'Redrive it: whatever was done already is not done twice.' };
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
