/**
 * Killed at every await of evaluate and of act, in turn, and started again: the server got each effect exactly once, and
 * everything stored reads as after an undisturbed run. The places are found by counting, not chosen.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killedAt } from '#test/fixtures/crashing';
import { aRequest, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
const visibilityMs = 120_000;

beforeAll(async () => {
  spine = await startSpine({ settings: { autoApproveEnrolled: true } });
});
afterAll(() => spine.stop());

/** Everything that a run leaves behind for one device, without times and ids. */
async function remains(user: string, deviceId: string) {
  const device = await spine.device({ user, deviceId });
  const { approval, access } = spine.simulator.find(user, deviceId) ?? {};
  const lines = await spine.timeline.read({ sourceId, user, deviceId });
  return {
    effects: spine.effectsOn(user, deviceId),
    server: { approval, access },
    shown: { approval: device.detail?.approval, access: device.detail?.access },
    verdict: [device.verdict?.verdict, device.verdict?.rule],
    held: device.heldSince !== null,
    open: device.openAction,
    denial: device.denial?.kind ?? null,
    ledger: (await spine.actionsOf(user, deviceId)).map(({ type, state, claim, notBefore }) => ({
      type,
      state,
      claim,
      notBefore,
    })),
    lines: lines.map(({ kind }) => kind).sort(),
  };
}

type Part = 'evaluate' | 'act';
type Scenario = { name: string; effect: object; server: object; prepare(user: string, deviceId: string): Promise<void> };

const scenarios: Scenario[] = [
  {
    name: 'an enrolment that lets a held phone in',
    effect: { approval_policy: 2 },
    server: { approval: 2, access: 0 },
    async prepare(user, deviceId) {
      spine.simulator.arrive(user, { deviceId });
      await spine.gather(user);
      await spine.settle();
      await spine.enrol(enrolled(`enrolment of ${deviceId}`, { mailDeviceIds: [deviceId] }));
    },
  },
  {
    name: 'a block that a person asks for',
    effect: { approval_policy: 8, access_status: 1 },
    server: { approval: 8, access: 1 },
    async prepare(user, deviceId) {
      spine.simulator.arrive(user, { deviceId });
      await spine.gather(user);
      await spine.settle();
      const device = await spine.device({ user, deviceId });
      await spine.ask(aRequest(device, { actionId: `block ${deviceId}`, type: 'block', requestedAt: spine.clock.now }));
    },
  },
];

/** Runs the scenario, killing one message of `part` at place `at`; the process that comes after it works undisturbed. */
async function run(scenario: Scenario, { part, at, message }: { part: Part; at: number; message: number }) {
  const name = `${scenarios.indexOf(scenario)}-${part}-${message}-${at}`;
  const [user, deviceId] = [`Crash ${name}/Acme`, `ApplCRASH${name}`];
  await scenario.prepare(user, deviceId);
  const { grave, wrap } = killedAt(at);
  let [evaluated, acted] = [0, 0];
  for (let turns = 0; turns < 40; turns++) {
    for (const one of spine.evaluations.take(spine.clock.now, visibilityMs)) {
      const mine = part === 'evaluate' && ++evaluated === message;
      const deps = mine ? wrap(spine.evaluateDependencies, 'evaluate') : spine.evaluateDependencies;
      await survived(spine.perform.evaluation(one.body, deps), one);
    }
    for (const one of spine.actions.take(spine.clock.now, visibilityMs)) {
      const mine = part === 'act' && ++acted === message;
      await survived(spine.perform.action(one, mine ? wrap(spine.actDependencies, 'act') : spine.actDependencies), one);
    }
    if (grave.died()) break;
    spine.clock.now += 1000;
  }
  await spine.settle();
  return { remains: await remains(user, deviceId), grave };

  async function survived(work: Promise<void>, one: { delete(): void }) {
    const done = await work.then(
      () => true,
      (error: unknown) => {
        if (!grave.died()) throw error;
        return false;
      },
    );
    if (done) one.delete();
  }
}

for (const scenario of scenarios)
  for (const part of ['evaluate', 'act'] as const)
    test(`killed anywhere in ${part}: ${scenario.name} takes effect exactly once`, async () => {
      const undisturbed = await run(scenario, { part, at: Number.POSITIVE_INFINITY, message: 0 });
      expect(undisturbed.remains).toMatchObject({ effects: [scenario.effect], server: scenario.server, open: null });
      let deaths = 0;
      for (const message of [1, 2]) {
        for (let at = 1; ; at++) {
          const killed = await run(scenario, { part, at, message });
          if (!killed.grave.died()) break;
          deaths += 1;
          expect(killed.remains, `killed ${killed.grave.where()} (place ${at}, message ${message})`).toEqual(undisturbed.remains);
        }
      }
      expect(deaths).toBeGreaterThan(15);
    }, 120_000);
