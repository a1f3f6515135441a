/** How an event of the portal that cannot be taken reads in the journal. It belongs to no source. */
import type { TimelineEntry } from '#domain/journal/timeline';

export type Rejection = {
  /** The id that the bus gave the event; the queue's own where it cannot be read. */
  rejectedId: string;
  /** When it came into our queue, epoch ms: the same at each receive. */
  receivedAt: number;
  event: string;
  errors: readonly { path: string; message: string }[];
};

/** Its id is the event's: one rejected event, one line, however often it is received. */
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

/** Source of lines that belong to none. */
export const noSource = '*';
