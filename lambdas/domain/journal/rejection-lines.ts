/** The journal line of an event from the portal that was rejected. It belongs to no source. */
import type { TimelineEntry } from '#domain/journal/timeline';

export type Rejection = {
  /** The id that the bus gave the event; the queue message's id if that cannot be read. */
  rejectedId: string;
  /** When it arrived in our queue, epoch ms: the same at each delivery. */
  receivedAt: number;
  event: string;
  errors: readonly { path: string; message: string }[];
};

/** Its id derives from the event's id: one line per rejected event, however often it is delivered. */
export function rejectionLine({ rejectedId, receivedAt, event, errors }: Rejection): TimelineEntry {
  const faults = errors.map(({ path, message }) => `${path || 'body'}: ${message}`).join('; ');
  return {
    at: receivedAt,
    id: `rejected|${rejectedId}`,
    kind: 'event-rejected',
    says: `Rejected: ${event}: ${faults}.`,
    data: { event, rejectedId, errors: [...errors] },
  };
}

/** The source id of lines that belong to no source. */
export const noSource = '*';
