/**
 * Keeps the gather's share of its source's slots while it reads, so that gather and actions together stay within what the source
 * takes at once. Looked at every second: it comes down to half while actions want some, and takes what is free again later.
 * What it gives up it first no longer uses: the lower number holds here a second before it is written.
 */
import { gatherHolder } from '#domain/actions/concurrency-slots';
import { bySourceKind } from '#domain/devices/source-kinds';
import type { GatherDependencies, Gathering, SmartcloudSource } from './dependencies.ts';

const leaseMs = 60_000;
const lookEveryMs = 1_000;
const patienceMs = 10_000;

export type SlotKeeper = { release(): Promise<void> };

/** A relay bounds its own requests. */
const unbounded: SlotKeeper = { release: async () => undefined };

type Given = Pick<GatherDependencies, 'slots' | 'connect' | 'now' | 'every' | 'pause'>;

/** Null when none could be had within some seconds. */
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

  async function look(): Promise<void> {
    const at = now();
    const lease = { holder: gatherHolder, limit: concurrency, now: at, until: at + leaseMs };
    const inUse = allowed === 0 ? 0 : Math.max(allowed, traveler.underWay);
    const { held, goal } = await slots.share(source.id, { ...lease, inUse });
    allowed = Math.min(held, goal);
    if (allowed > 0) traveler.limitTo(allowed);
  }

  for (let waited = 0; waited <= patienceMs && allowed === 0; waited += lookEveryMs) {
    if (waited > 0) await pause(lookEveryMs);
    await look();
  }
  if (allowed === 0) return null;
  let looking: Promise<void> | null = null;
  const stop = every(lookEveryMs, () => {
    // One that fails is followed by the next; what was allowed is held for a minute.
    looking ??= look()
      .catch(() => undefined)
      .finally(() => {
        looking = null;
      });
  });
  return {
    async release() {
      stop();
      await looking;
      // What is not given back comes back by time, and the next gather takes it over.
      await slots.release(source.id, gatherHolder).catch(() => undefined);
    },
  };
}
