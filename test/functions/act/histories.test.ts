/**
 * Random histories of one user: phones, enrolments, decisions, an administrator's changes, messages handled in parallel, twice,
 * and by workers that are killed. Once nothing is in progress, the server shows what the verdicts say, nothing is left open, and
 * no effect was doubled. A failing run prints its seed.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killedAt } from '#test/fixtures/crashing';
import { aRequest, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
let runs = 0;
const visibilityMs = 120_000;

beforeAll(async () => {
  spine = await startSpine({ settings: { autoApproveEnrolled: true, devicesPerUser: 1 } });
});
afterAll(() => spine.stop());

const phone = fc.constantFrom('A', 'B');
const event = fc.oneof(
  { weight: 2, arbitrary: fc.record({ what: fc.constant('enrol' as const), phone, on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('ask' as const),
      phone,
      type: fc.constantFrom('approve' as const, 'block' as const),
    }),
  },
  fc.record({ what: fc.constant('withdraw' as const), phone }),
  fc.record({ what: fc.constant('gather' as const) }),
  { weight: 5, arbitrary: fc.record({ what: fc.constant('work' as const), killAt: fc.integer({ min: 1, max: 60 }) }) },
  fc.record({
    what: fc.constant('fault' as const),
    kind: fc.constantFrom('lost-answer' as const, 'status' as const),
    on: fc.constantFrom('write' as const, 'detail' as const),
  }),
  fc.record({ what: fc.constant('later' as const), ms: fc.integer({ min: 1, max: 200_000 }) }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

async function live(user: string, events: readonly Event[]) {
  const id = (letter: string) => `Appl${letter}${runs}`;
  let version = 0;
  const apply = async (one: Event): Promise<void> => {
    switch (one.what) {
      case 'enrol':
        version += 1;
        return spine.enrol(
          enrolled(`e${runs}${one.phone}`, { mailDeviceIds: [id(one.phone)], status: one.on ? 'Enrolled' : 'Removed', version }),
        );
      case 'ask': {
        const device = await spine.device({ user, deviceId: id(one.phone) });
        const requestedAt = ++spine.clock.now;
        return spine.ask(aRequest(device, { actionId: `ask ${runs} ${requestedAt}`, type: one.type, requestedAt }));
      }
      case 'withdraw':
        await spine.decisions.withdraw(
          { sourceId, user, deviceId: id(one.phone) },
          { at: spine.clock.now, by: 'ann', cause: `w${spine.clock.now}` },
        );
        return spine.evaluate(user);
      case 'gather':
        // The faults are meant for the worker.
        spine.simulator.setFaults([]);
        return spine.gather(user);
      case 'work':
        return work(one.killAt);
      case 'fault':
        return spine.simulator.setFaults([{ kind: one.kind, on: one.on, times: 1 }]);
      case 'later':
        spine.clock.now += one.ms;
    }
  };
  for (const one of events) await apply(one);
}

/** What both queues return now, handled in parallel by one process that is killed somewhere, or finishes. */
async function work(killAt: number): Promise<void> {
  const { killPoint, wrap } = killedAt(killAt);
  const [evaluate, act] = [wrap(spine.evaluateDependencies, 'evaluate'), wrap(spine.actDependencies, 'act')];
  const works = [
    ...spine.evaluations
      .take(spine.clock.now, visibilityMs)
      .map((one) => ({ one, done: spine.perform.evaluation(one.body, evaluate) })),
    ...spine.actions.take(spine.clock.now, visibilityMs).map((one) => ({ one, done: spine.perform.action(one, act) })),
  ];
  const ended = await Promise.allSettled(works.map(({ done }) => done));
  ended.forEach((result, index) => {
    if (result.status === 'fulfilled') works[index]?.one.delete();
    else if (!killPoint.died()) throw result.reason;
  });
}

test('after any history the server matches the verdicts, with nothing doubled or open', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 4, maxLength: 16 }), async (events) => {
      runs += 1;
      const user = `History ${runs}/Acme`;
      for (const letter of ['A', 'B']) spine.simulator.arrive(user, { deviceId: `Appl${letter}${runs}` });
      await spine.gather(user);
      await live(user, events);
      spine.simulator.setFaults([]);
      await spine.runUntilIdle();
      await spine.gather(user);
      await spine.runUntilIdle();
      const { devices } = await spine.evaluateDependencies.users.readUser({ sourceId, user });
      for (const device of devices) {
        const there = spine.simulator.find(user, device.deviceId);
        expect(device.openAction).toBeNull();
        expect(device.detail?.approval === 'approved').toBe(there?.approval === 2);
        if (device.verdict?.verdict === 'approve') expect(there).toMatchObject({ approval: 2, access: 0 });
        if (device.verdict?.verdict === 'block') expect(there).toMatchObject({ approval: 8, access: 1 });
        const effects = spine.effectsOn(user, device.deviceId).map((body) => JSON.stringify(body).includes(':8'));
        expect(effects.filter((blocked, index) => index > 0 && effects[index - 1] === blocked)).toEqual([]);
        const open = await spine.ledger.openOf({ sourceId, user, deviceId: device.deviceId });
        expect(open.map(({ type, state }) => `${type} ${state}`)).toEqual([]);
      }
      expect(spine.evaluations.size + spine.actions.size).toBe(0);
    }),
    { numRuns: Number(process.env.HISTORIES ?? 40) },
  );
}, 120_000);
