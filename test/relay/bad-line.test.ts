/** Messages lost, late, duplicated, out of order, connections cut and half open, by seed (RELAY_SEEDS: how many): all arrive, once. */
import { describe, expect, test } from 'vitest';
import { randomOf } from '#test/histories/random';
import { aRelay } from './a-relay.ts';
import { fakeCloud } from './fake-cloud.ts';
import { until } from './until.ts';

const seeds = Array.from({ length: Number(process.env.RELAY_SEEDS ?? 5) }, (_, at) => at + 1);

describe('over a bad line', () => {
  test.each(seeds)(
    'seed %i: every message arrives in both directions, and counts once',
    async (seed) => {
      const random = randomOf(seed * 7_919);
      const cloud = await fakeCloud({
        seed,
        leaseMs: 60_000,
        line: {
          lose: random.pick([0, 0.05, 0.2]),
          twice: random.pick([0, 0.1, 0.3]),
          delayMs: random.pick([0, 5, 60]),
          cut: random.pick([0, 0.002, 0.008]),
        },
      });
      const timing = {
        lifeMs: random.pick([400, 1_500, 600_000]),
        silenceMs: 500,
        openMs: 800,
        drainMs: 300,
        resendMs: 150,
        settledMs: 20,
      };
      const relay = await aRelay(cloud, { timing });
      try {
        await until('the first lease', () => relay.asked.length > 0, { ms: 30_000 });
        const deliveries: Promise<void>[] = [];
        for (let i = 0; i < 60; i++) {
          deliveries.push(relay.link.deliver({ type: 'settingsResult', wishId: `wish ${i}`, outcome: { how: 'unavailable' } }));
          if (random.chance(0.5)) cloud.command({ type: 'resend', runId: `command ${i}`, parts: [i] });
          if (random.chance(0.03)) cloud.halfOpen();
          if (random.chance(0.03)) cloud.cut();
          await new Promise((resolve) => setTimeout(resolve, random.between(0, 15)));
        }
        await Promise.all(deliveries);
        await until('all commands are acknowledged', () => cloud.unacknowledged.size === 0, { ms: 30_000 });

        const wishes = [...cloud.taken.values()].map((message) =>
          message.type === 'settingsResult' ? message.wishId : message.type,
        );
        expect(wishes.sort()).toEqual(deliveries.map((_, i) => `wish ${i}`).sort());
        const commands = relay.asked.filter(({ what }) => what === 'resend').map(({ id }) => id);
        expect(new Set(commands).size).toBe(commands.length);
        for (const { message } of cloud.received) expect(message.n).toBeGreaterThan(0);
        // The same number always has the same content.
        const contents = new Map<number, string>();
        for (const { message } of cloud.received) {
          const content = JSON.stringify(message);
          expect(contents.get(message.n) ?? content).toBe(content);
          contents.set(message.n, content);
        }
      } finally {
        await relay.stop();
        await cloud.close();
      }
    },
    60_000,
  );
});
