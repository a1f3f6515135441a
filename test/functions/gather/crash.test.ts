/** Killed at any call to the outside, and resumed by the same message: the end is that of an undisturbed gather. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Device } from '#domain/devices/device';
import type { GatherMessage } from '#domain/messages/queue-messages';
import type { GatherDependencies } from '#functions/gather/dependencies';
import { gather } from '#functions/gather/gather';
import { type Death, Killed, killable } from './crashing.ts';
import { minutes, startWorld, type World } from './world.ts';

const most = 80;
/** A database for each place to be killed at. */
const others = Array.from({ length: most }, (_, index) => `other-${index}`);

let world: World;
beforeEach(async () => {
  world = await startWorld({ devices: 8, alsoAs: others });
});
afterEach(() => world.stop());

/** One line for each device written and each user sent to evaluation, in the order in which they happened. */
type Log = { wrote?: string; evaluated?: string }[];

function logging(deps: GatherDependencies, log: Log): GatherDependencies {
  return {
    ...deps,
    devices: {
      ...deps.devices,
      async putNew(recorded) {
        await deps.devices.putNew(recorded);
        for (const { device } of recorded) log.push({ wrote: device.user });
      },
      async update(before, after, lines) {
        const done = await deps.devices.update(before, after, lines);
        if (done && after.presence !== 'missing') log.push({ wrote: after.user });
        return done;
      },
    },
    evaluations: {
      async send(messages) {
        await deps.evaluations.send(messages);
        for (const { body } of messages as { body: { kind: string; users?: string[] } }[])
          for (const user of body.users ?? ['*']) log.push({ evaluated: user });
      },
    },
  };
}

/** Delivers the message until it is done: the first time to a process that dies, then to healthy ones. Returns the calls made. */
async function deliver(message: GatherMessage, death: Death | null, log: Log): Promise<number> {
  const { dependencies, calls } = killable(logging(world.dependencies, log), death);
  const remaining = { remainingMs: () => 900_000 };
  const outcome = await gather(dependencies)(message, remaining).catch((error: unknown) => {
    if (error instanceof Killed) return 'killed';
    throw error;
  });
  await expectNotEarly(message.sourceId);
  if (outcome !== 'killed') return calls();
  world.clock.now += 31_000;
  const again = await gather(logging(world.dependencies, log))(message, remaining);
  expect(['completed', 'dropped']).toContain(again);
  return calls();
}

/** At the moment of death: approval is on at the server only if every device present is recorded as existing. */
async function expectNotEarly(sourceId: string): Promise<void> {
  const { require_approval } = world.simulator.settings;
  const state = await world.dependencies.sources.read(sourceId);
  if (!require_approval && !state.aqInForce) return;
  const recorded = (await own(sourceId)).filter(({ baselineRun }) => state.baselineRuns.includes(baselineRun ?? ''));
  expect(recorded).toHaveLength(world.simulator.deviceCount);
}

const own = async (sourceId: string) => (await world.devices()).filter((device) => device.sourceId === sourceId);
/** Without what names the source, the run or the moment. */
const comparable = (devices: Device[]) =>
  devices.map(({ user, deviceId, presence, level, detail, baselineRun, observedSeq }) => ({
    ...{ user, deviceId, presence, existing: baselineRun !== null, observedSeq },
    ...{ approval: detail?.approval, access: detail?.access, changed: level === '2' },
  }));

async function lines(devices: Device[]): Promise<string[][]> {
  return Promise.all(devices.map(async (device) => (await world.timeline(device)).map(({ kind }) => kind)));
}

/** Every user whose device was written is sent to evaluation after the last such write. */
function expectNobodyForgotten(log: Log): void {
  log.forEach(({ wrote }, index) => {
    if (wrote === undefined) return;
    const after = log.slice(index).some(({ evaluated }) => evaluated === wrote || evaluated === '*');
    expect(after, `${wrote} was written and not sent to evaluation`).toBe(true);
  });
}

async function firstGather(sourceId: string, death: Death | null) {
  world.simulator.settings = { require_approval: false, devices_before_approval: 0, approval_notify: [] };
  world.clock.now += 15 * minutes;
  const message = world.message(sourceId, sourceId);
  const log: Log = [];
  const calls = await deliver(message, death, log);
  expectNobodyForgotten(log);
  const devices = await own(sourceId);
  const state = await world.dependencies.sources.read(sourceId);
  return {
    calls,
    end: {
      devices: comparable(devices),
      lines: await lines(devices),
      existing: devices.every(({ baselineRun }) => baselineRun !== null && state.baselineRuns.includes(baselineRun)),
      run: (await world.run(message.runId))?.state,
      ...{ inForce: state.aqInForce, due: state.evaluateEveryone, known: state.devices },
      server: world.simulator.settings.require_approval,
    },
  };
}

test('a first gather with switch-on, killed anywhere, ends as an undisturbed one', async () => {
  await world.publish({ requireApproval: 'on' });
  const undisturbed = await firstGather('cloud', null);
  expect(undisturbed.end).toMatchObject({ existing: true, run: 'completed', inForce: true, due: false, known: 8, server: true });
  expect(undisturbed.calls).toBeLessThan(most);
  for (let at = 1; at <= undisturbed.calls; at++) {
    const when = at % 2 === 0 ? 'after' : 'before';
    const disturbed = await firstGather(`other-${at}`, { at, when });
    expect(disturbed.end, `killed ${when} call ${at}`).toEqual(undisturbed.end);
  }
}, 240_000);

async function laterGather(sourceId: string, death: Death | null) {
  const { simulator } = world;
  const [user, changed] = [simulator.deviceAt(3).user, simulator.deviceAt(5)];
  const gone = simulator.arrive(user, { deviceId: 'ApplGONE' });
  simulator.adminChange(changed, { level: '1' });
  world.clock.now += 15 * minutes;
  await gather(world.dependencies)(world.message(`${sourceId}-a`, sourceId), { remainingMs: () => 900_000 });
  simulator.removeDevice(gone);
  const added = simulator.arrive(user, { deviceId: 'ApplNEW' });
  simulator.adminChange(changed, { level: '2' });
  world.clock.now += 15 * minutes;
  const message = world.message(`${sourceId}-b`, sourceId);
  const log: Log = [];
  const calls = await deliver(message, death, log);
  expectNobodyForgotten(log);
  simulator.removeDevice(added);
  const devices = await own(sourceId);
  const state = await world.dependencies.sources.read(sourceId);
  const run = (await world.run(message.runId))?.state;
  return {
    calls,
    end: { devices: comparable(devices), lines: await lines(devices), run, due: state.evaluateEveryone, known: state.devices },
  };
}

test('a later gather with changes, killed anywhere, ends as an undisturbed one', async () => {
  await world.publish({ requireApproval: 'server' });
  world.simulator.settings = { require_approval: false, devices_before_approval: 0, approval_notify: [] };
  const undisturbed = await laterGather('cloud', null);
  expect(undisturbed.end).toMatchObject({ run: 'completed', due: false, known: 9 });
  expect(undisturbed.end.lines.flat().sort()).toEqual([...Array(10).fill('discovered'), 'changed', 'missing'].sort());
  for (let at = 1; at <= undisturbed.calls; at++) {
    const when = at % 2 === 0 ? 'before' : 'after';
    const disturbed = await laterGather(`other-${at}`, { at, when });
    expect(disturbed.end, `killed ${when} call ${at}`).toEqual(undisturbed.end);
  }
}, 240_000);
