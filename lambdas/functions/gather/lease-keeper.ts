/**
 * Keeps the lease of a source while a gather works under it.
 * held: renewed every few seconds; everything may be written. lost: renewals failed until the lease expired, or another holder
 * took it; `guard` throws, and nothing more is written. released: the end, properly (`clean`) or not.
 */
import { FencedOff } from '#adapters/dynamodb/gather/sources';
import type { GatherDependencies } from './dependencies.ts';

export const leaseMs = 30_000;
const renewEveryMs = 8_000;

export type LeaseKeeper = {
  fence: number;
  /** The previous gather was interrupted: it is unknown which users it sent to evaluation. */
  wasCutOff: boolean;
  guard(): void;
  release(options: { clean: boolean }): Promise<void>;
};

/** Null while another gather of this source is running. */
export async function keepLease(
  { leases, now, every }: Pick<GatherDependencies, 'leases' | 'now' | 'every'>,
  sourceId: string,
): Promise<LeaseKeeper | null> {
  const requestedAt = now();
  const lease = await leases.acquire(sourceId, { now: requestedAt, lengthMs: leaseMs });
  if (lease === null) return null;
  let until = requestedAt + leaseMs;

  async function renew(): Promise<void> {
    const from = now();
    const renewed = await leases.renew(sourceId, lease?.fence ?? 0, { now: from, lengthMs: leaseMs });
    until = renewed ? from + leaseMs : 0;
  }
  const stop = every(renewEveryMs, () => {
    // A failed renewal is retried; if none succeeds, the lease expires and `guard` throws.
    renew().catch(() => undefined);
  });
  return {
    ...lease,
    guard() {
      if (now() >= until) throw new FencedOff(`Source ${sourceId}: this gather lost its lease and stops`);
    },
    async release({ clean }) {
      stop();
      await leases.release(sourceId, lease.fence, { now: now(), clean });
    },
  };
}
