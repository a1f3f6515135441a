/**
 * Random fleets that change between gathers, with runs that the cloud loses, relays that restart, clouds that lose their state:
 * afterwards a gather that the cloud commits leaves it with what the server has, and both with the same digest.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cloud } from './cloud.ts';
import { relaySide, shownBy, shownTo } from './relay-side.ts';

type Step =
  | { do: 'upgrade'; count: number }
  | { do: 'arrive'; user: number }
  | { do: 'remove' | 'deny' | 'approve' | 'wipe' | 'touch'; device: number }
  | { do: 'fault'; fault: 'shifting-list' | 'duplicate-rows' | 'details-in-list' | 'truncated-list' }
  | { do: 'lose' | 'restart' | 'forget' | 'gather' | 'repeat' };

const device = fc.nat(59);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('gather' as const) }) },
  fc.record({ do: fc.constant('upgrade' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('arrive' as const), user: fc.nat(5) }),
  fc.record({ do: fc.constantFrom('remove' as const, 'deny', 'approve', 'wipe', 'touch'), device }),
  fc.record({
    do: fc.constant('fault' as const),
    fault: fc.constantFrom('shifting-list' as const, 'duplicate-rows', 'details-in-list', 'truncated-list'),
  }),
  fc.record({ do: fc.constantFrom('lose' as const, 'restart', 'forget', 'repeat') }),
);

test('the chain of differences equals a full run after any history', async () => {
  const seed = Number(process.env.FLEET_SEED ?? Date.now() % 2 ** 31);
  console.log(`random fleets: FLEET_SEED=${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      let takes = true;
      const side = await relaySide({ devices: 60, requireApproval: true, cloud: cloud({ commits: () => takes }) });
      for (const one of steps) await perform(one);
      side.server.setFaults([]);
      takes = true;
      const { failed, agreed } = await side.gather({ details: 'every' });
      expect([failed, agreed]).toEqual([undefined, true]);
      expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
      side.relay.stop();
      await Promise.all([side.source.close(), side.server.stop()]);

      async function perform(what: Step): Promise<void> {
        const at = 'device' in what ? side.server.deviceAt(what.device) : null;
        const there = at !== null && side.server.find(at.user, at.deviceId) !== undefined ? at : null;
        switch (what.do) {
          case 'upgrade':
            return side.server.upgradeSome(what.count);
          case 'arrive':
            return void side.server.arrive(`Neu ${what.user}/Acme`);
          case 'remove':
            return void (there && side.server.removeDevice(there));
          case 'deny':
            return void (there && side.server.adminDeny(there));
          case 'approve':
            return void (there && side.server.adminApprove(there));
          case 'wipe':
            return void (there && side.server.adminChange(there, { wipeOptions: 'wipeApps', wipeStatus: '1' }));
          case 'touch':
            return void (there && side.relay.touched(there));
          case 'fault':
            return side.server.setFaults([{ kind: what.fault }]);
          case 'restart':
            return side.restart();
          case 'forget':
            return side.cloud.has(null);
          case 'lose':
            takes = false;
            await side.gather();
            takes = true;
            return;
          case 'gather': {
            const { failed, agreed } = await side.gather();
            // A list that ends early is the only fault here that fails a gather, and only if there is more than one page.
            if (failed === undefined) expect(agreed).toBe(true);
            else expect(failed.problem.what).toMatch(/announced|no device/);
            return;
          }
          case 'repeat': {
            const { wanted, failed } = await side.gather();
            if (failed) return;
            const before = side.cloud.receivedOf('gatherPart').map(({ n: _, ...part }) => part);
            const had = side.cloud.rows;
            side.cloud.clear();
            takes = false;
            await side.relay.gather(wanted, side.cloud.link, new AbortController().signal);
            takes = true;
            expect(
              side.cloud
                .receivedOf('gatherPart')
                .map(({ n: _, ...part }) => part)
                .sort((a, b) => a.part - b.part),
            ).toEqual(before.sort((a, b) => a.part - b.part));
            expect(side.cloud.rows).toEqual(had);
          }
        }
      }
    }),
    { seed, numRuns: Number(process.env.FLEET_RUNS ?? 12), endOnFailure: true },
  );
}, 240_000);
