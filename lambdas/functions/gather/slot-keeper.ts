/**
 * Keeps the gather's share of its source's slots while it reads, so that gather and actions together stay within the concurrency
 * of the source. Adjusted every second: the share drops to half while actions want slots, and grows again when they are free.
 * The gather stops using a slot before it releases it: the lower limit applies here a second before it is written.
 */
import { gatherHolder } from '#domain/actions/concurrency-slots';
import { bySourceKind } from '#domain/devices/source-kinds';
import type { GatherDependencies, Gathering, SmartcloudSource } from './dependencies.ts';

const leaseMs = 60_000;
const adjustEveryMs = 1_000;
const longestWaitMs = 10_000;

export type SlotKeeper = { release(): Promise<void> };

/** A relay limits its own requests. */
const unbounded: SlotKeeper = { release: async () => undefined };

type Given = Pick<GatherDependencies, 'slots' | 'connect' | 'now' | 'every' | 'pause'>;

/** Null when no slot was free within ten seconds. */
export async function keepSlots(deps: Given, source: Gathering['source']): Promise<SlotKeeper | null> {
  return bySourceKind<Gathering['source'], Promise<SlotKeeper | null>>(source, {
    smartcloud: (direct) => keepShare(deps, direct),
    traveler: async () => unbounded,
  });
}

async function keepShare({ slots, connect, now, every, pause }: Given, source: SmartcloudSource): Promise<SlotKeeper | null> {
  const { concurrency } = source;
  const traveler = connect(source);
  let allowed = 0;

  async function adjust(): Promise<void> {
    const at = now();
    const lease = { holder: gatherHolder, limit: concurrency, now: at, until: at + leaseMs };
    const inUse = allowed === 0 ? 0 : Math.max(allowed, traveler.underWay);
    const { held, goal } = await slots.share(source.id, { ...lease, inUse });
    allowed = Math.min(held, goal);
    if (allowed > 0) traveler.limitTo(allowed);
  }

  for (let waited = 0; waited <= longestWaitMs && allowed === 0; waited += adjustEveryMs) {
    if (waited > 0) await pause(adjustEveryMs);
    await adjust();
  }
  if (allowed === 0) return null;
  let adjusting: Promise<void> | null = null;
  const stop = every(adjustEveryMs, () => {
    // After a failure the next call follows soon; leased slots are held for a minute.
    adjusting ??= adjust()
      .catch(() => undefined)
      .finally(() => {
        adjusting = null;
      });
  });
  return {
    async release() {
      stop();
      await adjusting;
      // Slots that are not released expire, and the next gather takes them over.
      await slots.release(source.id, gatherHolder).catch(() => undefined);
    },
  };
}
