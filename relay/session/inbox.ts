/**
 * Deduplicates messages that the cloud wants acknowledged: their numbers are remembered, and a redelivery is acknowledged again and
 * otherwise dropped. The memory is bounded: the cloud stops redelivering long before that many others have arrived.
 */
const remembered = 10_000;

export type Receipt = 'new' | 'under-way' | 'seen';

export type Inbox = {
  /** `under-way`: it is being handled; its acknowledgement will follow. */
  take(n: number): Receipt;
  /** It is safe here: acknowledge it. */
  keep(n: number): void;
  /** It failed: a redelivery counts as the first delivery. */
  forget(n: number): void;
};

export function createInbox({ most = remembered }: { most?: number } = {}): Inbox {
  const seen = new Set<number>();
  const underWay = new Set<number>();
  return {
    take(n) {
      if (seen.has(n)) return 'seen';
      if (underWay.has(n)) return 'under-way';
      underWay.add(n);
      return 'new';
    },
    keep(n) {
      underWay.delete(n);
      seen.add(n);
      if (seen.size > most) for (const oldest of seen.values().take(1)) seen.delete(oldest);
    },
    forget: (n) => void underWay.delete(n),
  };
}
