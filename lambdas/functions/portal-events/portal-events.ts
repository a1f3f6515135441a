/**
 * Processes the portal's events. Each type has one handler; a new event type without one does not compile. Events arrive out of
 * order and more than once: each handler is idempotent, and recognises older events by version, time or id.
 */
import type { z } from 'zod';
import { busEnvelope, type EventIn, eventsIn, noneOfOurs } from '#domain/messages/events-in';
import { type FieldFault, fieldFaults } from '#domain/runtime/field-faults';
import type { requestAction } from '#use-cases/actions/request-action';
import type { withdrawDecision } from '#use-cases/actions/withdraw-decision';
import type { applyEnrolments } from '#use-cases/enrolments/apply-enrolments';
import type { stageSnapshot } from '#use-cases/enrolments/stage-snapshot';
import type { requestGather } from '#use-cases/gathers/request-gather';
import type { publishSettings } from '#use-cases/settings/publish-settings';

export type PortalEventsDependencies = {
  takeEnrolments: ReturnType<typeof applyEnrolments>;
  takeSnapshot: ReturnType<typeof stageSnapshot>;
  requestAction: ReturnType<typeof requestAction>;
  publishSettings: ReturnType<typeof publishSettings>;
  requestGather: ReturnType<typeof requestGather>;
  withdrawDecision: ReturnType<typeof withdrawDecision>;
};
/**
 * `id` and `sentAt` (epoch ms, from the bus) of the event; `receivedAt`: when it entered our queue, epoch ms; `bulk`: it came in
 * a stream of many.
 */
type About = { id: string; sentAt: number; receivedAt: number; bulk: boolean };
type Handlers = { [K in EventIn]: (detail: z.output<(typeof eventsIn)[K]>, about: About) => Promise<void> };

/** The event can never be accepted, and must go to the dead-letter queue. Names fields, never their values. */
export class EventRejected extends Error {
  readonly detailType: string;
  readonly faults: readonly FieldFault[];
  constructor(detailType: string, faults: readonly FieldFault[]) {
    super(`${detailType} rejected: ${faults.map(({ path, message }) => `${path}: ${message}`).join('; ')}`);
    this.name = 'EventRejected';
    this.detailType = detailType;
    this.faults = faults;
  }
}

export function portalEvents(dependencies: PortalEventsDependencies) {
  const handlers = handlersOf(dependencies);

  async function take<K extends EventIn>(kind: K, detail: unknown, about: About): Promise<void> {
    const parsed = eventsIn[kind].safeParse(detail);
    if (!parsed.success) throw new EventRejected(kind, fieldFaults(parsed.error, ['detail']));
    const handle: (given: z.output<(typeof eventsIn)[K]>, about: About) => Promise<void> = handlers[kind];
    await handle(parsed.data as z.output<(typeof eventsIn)[K]>, about);
  }

  /** `body`: the bus's envelope as JSON text. Throws `EventRejected`, or the error that prevents processing it now. */
  return async (body: string, receivedAt: number, { bulk = false }: { bulk?: boolean } = {}): Promise<EventIn> => {
    const envelope = busEnvelope.safeParse(jsonOf(body));
    if (!envelope.success) throw new EventRejected('event', fieldFaults(envelope.error));
    const { id, time, detail, 'detail-type': kind } = envelope.data;
    if (!isKnown(kind)) throw new EventRejected('event', [{ path: 'detail-type', message: noneOfOurs }]);
    const sentAt = Date.parse(time);
    await take(kind, detail, { id, sentAt: Number.isNaN(sentAt) ? receivedAt : sentAt, receivedAt, bulk });
    return kind;
  };
}

function handlersOf(dependencies: PortalEventsDependencies): Handlers {
  return {
    async EnrolmentChanged({ enrolment }) {
      await dependencies.takeEnrolments([enrolment]);
    },

    async EnrolmentSnapshot({ snapshotId, part, parts, enrolments }, { sentAt }) {
      if (part > parts)
        throw new EventRejected('EnrolmentSnapshot', [{ path: 'detail.part', message: 'is beyond the last part' }]);
      await dependencies.takeSnapshot({ snapshotId, part, parts, enrolments, at: sentAt });
    },

    async ActionRequested(request, { bulk }) {
      const answer = await dependencies.requestAction(request, { bulk });
      if (answer.outcome === 'refused')
        throw new EventRejected('ActionRequested', [{ path: `detail.${answer.path}`, message: answer.because }]);
    },

    async SettingsPublished({ settings, sourceId = '*', version, publishedBy, publishedAt }) {
      const { outcome } = await dependencies.publishSettings.take({
        settings,
        scope: sourceId,
        portalVersion: version,
        publishedBy,
        at: publishedAt,
      });
      if (outcome === 'unknown-source')
        throw new EventRejected('SettingsPublished', [
          { path: 'detail.sourceId', message: 'no source of this id is configured' },
        ]);
    },

    async DecisionWithdrawn({ target, decidedBy }, { id, sentAt }) {
      // The bus has whole seconds: a decision within the same second counts as earlier.
      await dependencies.withdrawDecision({ target, at: sentAt + 999, by: decidedBy, cause: id });
    },

    async GatherRequested({ sourceId }, { id, receivedAt }) {
      const answer = await dependencies.requestGather({ sourceId, reason: 'request', requestedAt: receivedAt, unique: id });
      if (answer.outcome === 'refused')
        throw new EventRejected('GatherRequested', [{ path: 'detail.sourceId', message: answer.because }]);
    },
  };
}

/** This many actions requested in one batch are not requested by hand. */
const manyActions = 5;

/** Whether a batch of messages is part of a stream of actions: other requests must not wait behind them. */
export const isStream = (bodies: readonly string[]): boolean =>
  bodies.filter((body) => body.includes('"ActionRequested"')).length >= manyActions;

const isKnown = (kind: string): kind is EventIn => Object.hasOwn(eventsIn, kind);

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new EventRejected('event', [{ path: 'body', message: 'is no JSON' }]);
  }
}
