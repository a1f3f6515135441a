/** Reports a rejected event in the journal, and so to the portal: immediately, and once however often it is received. */
import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import { fingerprint } from '#adapters/fingerprint';
import { noSource, rejectionLine } from '#domain/journal/rejection-lines';
import { busEnvelope } from '#domain/messages/events-in';
import type { EventRejected } from './portal-events.ts';

export type RejectedMessage = { body: string; messageId: string; receivedAt: number };

/** Ids longer than the bus's own do not fit a key. */
const longestId = 128;

export function reportRejection({ timeline }: { timeline: Pick<TimelineStore, 'appendToSource'> }) {
  return async ({ detailType, faults }: EventRejected, message: RejectedMessage): Promise<void> => {
    const rejectedId = idOf(message);
    const { receivedAt } = message;
    const line = rejectionLine({ rejectedId, receivedAt, event: detailType, errors: faults });
    await timeline.appendToSource(noSource, [line]);
  };
}

function idOf({ body, messageId }: RejectedMessage): string {
  const envelope = busEnvelope.pick({ id: true }).safeParse(jsonOf(body));
  if (!envelope.success) return messageId;
  return envelope.data.id.length <= longestId ? envelope.data.id : fingerprint(envelope.data.id);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
