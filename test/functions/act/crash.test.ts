/**
 * Killed at every await of evaluate and of act, in turn, and restarted: the server got each effect exactly once, and everything
 * stored reads as after an undisturbed run. The places are found by counting, not chosen.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ActionType } from '#domain/actions/action';
import { isFinal } from '#domain/actions/transitions';
import type { TimelineEntry } from '#domain/journal/timeline';
import { killedAt } from '#test/fixtures/crashing';
import { aRequest, enrolled, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

let spine: Spine;
const visibilityMs = 120_000;

beforeAll(async () => {
  spine = await startSpine({ settings: { autoApproveEnrolled: true } });
  spine.simulator.setFaults([{ kind: 'cancel-lifts-lock' }]);
});
afterAll(() => spine.stop());

/** Everything that a run stores for one device, without times and ids. */
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
    lines: lines.flatMap(({ kind }) => (kind === 'action' || kind === 'removed' ? [kind] : [])).sort(),
    missingSteps: await missingSteps({ user, deviceId }, lines),
  };
}

/** Steps of the ledger that the timeline does not have, or has twice. What a verdict requested is in the verdict's line. */
async function missingSteps(key: { user: string; deviceId: string }, lines: readonly TimelineEntry[]): Promise<unknown[]> {
  const published = lines
    .filter(({ kind }) => kind === 'action-step')
    .map(({ data }) => `${data.actionId} ${data.step} ${data.state}`);
  const made = (await spine.actionsOf(key.user, key.deviceId)).flatMap(({ actionId, history, requestedBy }) =>
    history.flatMap(({ state }, number) =>
      isFinal(state) || (number === 0 && requestedBy.kind === 'aq') ? [] : [`${actionId} ${number} ${state}`],
    ),
  );
  return [...made.filter((step) => !published.includes(step)), ...published.filter((step, at) => published.indexOf(step) !== at)];
}

type Part = 'evaluate' | 'act';
type Scenario = {
  name: string;
  effects: (object | null)[];
  /** As the server shows it in the end; nothing where the device is gone. */
  server: object;
  prepare(user: string, deviceId: string): Promise<void>;
  /** Where evaluate does no more than for the same types alone, only act is killed. */
  parts?: Part[];
  /** What the phone does after it, and the gather that reads the result. */
  afterwards?(user: string, deviceId: string): Promise<void>;
};

const approved = { approval_policy: 2 };
const denied = { approval_policy: 8, access_status: 1 };
const wiping = { requested_wipe_options: 'wipeDevice' };
const wipeCancelled = { requested_wipe_options: '' };
const gone = null;

async function arrive(user: string, deviceId: string): Promise<void> {
  spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
  await spine.gather(user);
  await spine.runUntilIdle();
}

async function ask(user: string, deviceId: string, type: ActionType): Promise<void> {
  const device = await spine.device({ user, deviceId });
  await spine.ask(aRequest(device, { actionId: `${type} ${deviceId}`, type, requestedAt: ++spine.clock.now }));
}

/** On the server, and not fetched by the phone. */
async function sendWipe(user: string, deviceId: string): Promise<void> {
  await ask(user, deviceId, 'wipe');
  await spine.runUntilIdle(briefly);
}

/** One for each type of action, and for each way in which it writes more than once. */
const scenarios: Scenario[] = [
  {
    name: 'an enrolment that lets a held phone in',
    effects: [approved],
    server: { approval: 2, access: 0 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await spine.enrol(enrolled(`enrolment of ${deviceId}`, { mailDeviceIds: [deviceId] }));
    },
  },
  {
    name: 'a block that a person asks for',
    effects: [denied],
    server: { approval: 8, access: 1 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await ask(user, deviceId, 'block');
    },
  },
  {
    name: 'an approval that lifts our own block',
    effects: [denied, { ...approved, access_status: 0 }],
    server: { approval: 2, access: 0 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await ask(user, deviceId, 'block');
      await spine.runUntilIdle(briefly);
      await ask(user, deviceId, 'approve');
    },
  },
  {
    name: 'a removal',
    effects: [gone],
    server: {},
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await ask(user, deviceId, 'remove');
    },
  },
  {
    name: 'a wipe that the phone carries out',
    effects: [wiping],
    server: { approval: 1 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await ask(user, deviceId, 'wipe');
    },
    async afterwards(user, deviceId) {
      const device = spine.simulator.find(user, deviceId);
      if (device) spine.simulator.completeWipe(device);
      await spine.gather(user);
    },
  },
  {
    name: 'taking back a wipe',
    effects: [wiping, wipeCancelled],
    server: { access: 0 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await sendWipe(user, deviceId);
      await ask(user, deviceId, 'cancel-wipe');
    },
  },
  {
    name: 'taking back the wipe of a phone that we had blocked',
    parts: ['act'],
    effects: [denied, wiping, wipeCancelled, denied],
    server: { approval: 8, access: 1 },
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await ask(user, deviceId, 'block');
      await spine.runUntilIdle(briefly);
      await sendWipe(user, deviceId);
      await ask(user, deviceId, 'cancel-wipe');
    },
  },
  {
    name: 'a removal that waits for a wipe to be taken back',
    parts: ['act'],
    effects: [wiping, wipeCancelled, gone],
    server: {},
    async prepare(user, deviceId) {
      await arrive(user, deviceId);
      await sendWipe(user, deviceId);
      await ask(user, deviceId, 'remove');
      await ask(user, deviceId, 'cancel-wipe');
    },
  },
];

/** A killed worker's message is redelivered within this. */
const briefly = { forMs: 600_000 };

/** Runs the scenario, killing one message of `part` at place `at`; the next process works undisturbed. */
async function run(scenario: Scenario, { part, at, message }: { part: Part; at: number; message: number }) {
  const name = `${scenarios.indexOf(scenario)}-${part}-${message}-${at}`;
  const [user, deviceId] = [`Crash ${name}/Acme`, `ApplCRASH${name}`];
  // Another hour each time, in which the guard has not counted any wipes yet.
  spine.clock.now += 3_600_001;
  await spine.enrolments.noteEvent(spine.clock.now);
  await spine.enrolments.noteCleared(spine.clock.now);
  await scenario.prepare(user, deviceId);
  const { killPoint, wrap } = killedAt(at);
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
    if (killPoint.died()) break;
    spine.clock.now += 1000;
  }
  await spine.runUntilIdle(briefly);
  await scenario.afterwards?.(user, deviceId);
  await spine.runUntilIdle();
  spine.forget();
  return { remains: await remains(user, deviceId), killPoint };

  async function survived(work: Promise<void>, one: { delete(): void }) {
    const done = await work.then(
      () => true,
      (error: unknown) => {
        if (!killPoint.died()) throw error;
        return false;
      },
    );
    if (done) one.delete();
  }
}

for (const scenario of scenarios)
  for (const part of scenario.parts ?? (['evaluate', 'act'] as const))
    test(`killed anywhere in ${part}: ${scenario.name} takes effect exactly once`, async () => {
      const undisturbed = await run(scenario, { part, at: Number.POSITIVE_INFINITY, message: 0 });
      expect(undisturbed.remains).toMatchObject({
        effects: scenario.effects,
        server: scenario.server,
        open: null,
        missingSteps: [],
      });
      let deaths = 0;
      for (const message of [1, 2]) {
        for (let at = 1; ; at++) {
          const killed = await run(scenario, { part, at, message });
          if (!killed.killPoint.died()) break;
          deaths += 1;
          expect(killed.remains, `killed ${killed.killPoint.where()} (place ${at}, message ${message})`).toEqual(
            undisturbed.remains,
          );
        }
      }
      expect(deaths).toBeGreaterThan(15);
    }, 120_000);
