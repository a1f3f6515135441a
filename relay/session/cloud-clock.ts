/**
 * The cloud's clock, as accurately as it can be known: of the last few responses the quickest is the most accurate. Before the first
 * response the Date header of a handshake is used, and before that this machine's own clock.
 */
import type { Moment } from './lease.ts';

const samplesKept = 8;

export type CloudClock = {
  /** The cloud reported `cloudNow` in its response to a request sent at `asked`. */
  answered(cloudNow: number, sentAt: Moment): void;
  /** Whole seconds, from an HTTP response. */
  seen(epochMs: number): void;
  now(): number;
  /** The cloud's clock minus this machine's, ms; null until it is known. */
  offset(): number | null;
};

type Sample = { ahead: number; took: number };
/** How far two responses may differ although no clock has jumped or stopped: half of each round trip, plus a little. */
const agree = (a: Sample, b: Sample) => Math.abs(a.ahead - b.ahead) <= (a.took + b.took) / 2 + 50;
const best = (samples: readonly Sample[]) =>
  samples.reduce<Sample | null>((quickest, each) => (quickest && quickest.took <= each.took ? quickest : each), null);

export function createCloudClock(now: () => Moment): CloudClock {
  let samples: Sample[] = [];
  /** Cloud time minus monotonic time. */
  let fromHeader: number | null = null;
  const ahead = (): number | null => best(samples)?.ahead ?? fromHeader;
  const cloudNow = () => {
    const { monotonic, wall } = now();
    const by = ahead();
    return by === null ? wall : Math.round(monotonic + by);
  };
  return {
    answered(cloudTime, sentAt) {
      const took = now().monotonic - sentAt.monotonic;
      const sample = { ahead: cloudTime - (sentAt.monotonic + took / 2), took };
      samples = [...samples.filter((earlier) => agree(earlier, sample)), sample].slice(-samplesKept);
    },
    seen(epochMs) {
      fromHeader = epochMs - now().monotonic;
    },
    now: cloudNow,
    offset: () => (ahead() === null ? null : Math.round(cloudNow() - now().wall)),
  };
}
