/**
 * The lease, as far as this relay may rely on it. The cloud says how long it lasts; that counts from when the request was sent, so
 * that delays only shorten it. It is held only while both clocks say so: the monotonic clock does not jump but may stop while the
 * machine sleeps; the wall clock jumps but does not stop.
 */
import type { Lease } from '#domain/relay/relay-protocol';

/** ms; `monotonic` from any start, `wall` since the epoch. */
export type Moment = { monotonic: number; wall: number };

export type LeaseView = { holding: boolean; following: boolean; fence: number | null };

export type LeaseKeeper = {
  /** The cloud's response to a request sent at `asked`. */
  answered(lease: Lease, sentAt: Moment): void;
  /** Sent without a request: it can only withdraw a lease. */
  notified(lease: Lease): void;
  held(): { fence: number } | null;
  view(): LeaseView;
};

type Known = { fence: number; held: boolean; sentAt: number; until: Moment };

export function createLeaseKeeper(now: () => Moment): LeaseKeeper {
  let known: Known | null = null;

  const lasts = ({ until }: Known) => {
    const { monotonic, wall } = now();
    return monotonic < until.monotonic && wall < until.wall;
  };
  const held = () => (known?.held && lasts(known) ? { fence: known.fence } : null);

  return {
    answered({ held: isHeld, fence, until, now: cloudNow }, sentAt) {
      // Responses may overtake each other.
      if (known && (fence < known.fence || (fence === known.fence && sentAt.monotonic < known.sentAt))) return;
      const left = until - cloudNow;
      known = {
        fence,
        held: isHeld,
        sentAt: sentAt.monotonic,
        until: { monotonic: sentAt.monotonic + left, wall: sentAt.wall + left },
      };
    },
    notified({ held: isHeld, fence }) {
      if (known && !isHeld && fence >= known.fence) known = { ...known, fence, held: false };
    },
    held,
    view() {
      const holding = held() !== null;
      return { holding, following: known !== null && !known.held, fence: known?.fence ?? null };
    },
  };
}
