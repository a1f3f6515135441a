import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startTravelerSimulator } from '#infra/simulators/traveler-simulator';
import { relayChild } from './child.ts';
import { cloud } from './cloud.ts';
import { shownBy, shownTo, temporaryDirectory } from './relay-side.ts';

/** Random numbers in [0, 1), determined by a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('after any kill, a restarted relay brings the cloud up to date', async () => {
  const seed = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 31);
  console.log(`kills: CRASH_SEED=${seed}`);
  const random = randomFrom(seed);
  const server = await startTravelerSimulator({ devices: 400, requireApproval: true, devicesBeforeApproval: 1 });
  onTestFinished(() => server.stop());
  const directory = temporaryDirectory();
  const side = cloud({ latency: () => wait(1) });
  let kills = 0;
  let since: number | null = null;

  /** The cloud asks until it has the end of the run: it does not get what a dead relay wanted to send. */
  async function gather(nth: number, deadly: number): Promise<void> {
    const command = side.command(`run-${nth}`, { startedAt: Date.now(), since });
    const isTaken = () => side.receivedOf('gatherEnd').some(({ runId }) => runId === command.runId);
    for (let tries = 0; !isTaken(); tries++) {
      const relay = await relayChild(directory, server, side);
      const gathering = relay.gather(command);
      if (tries < deadly) await Promise.race([gathering, wait(random() * 600)]);
      else await gathering;
      if (!isTaken()) kills++;
      await relay.kill();
    }
    since = command.startedAt;
  }

  for (let nth = 0; nth < 5; nth++) {
    await gather(nth, 2);
    server.upgradeSome(3);
    server.removeDevice(server.deviceAt(20 + nth));
    server.arrive(`Neu ${nth}/Acme`);
  }
  await gather(5, 0);
  expect(side.receivedOf('gatherFailed')).toEqual([]);
  expect(side.disagreements).toEqual([]);
  expect(shownTo(side)).toEqual(await shownBy(server));
  console.log(`killed ${kills} times in the middle of a gather`);
}, 180_000);

test('a separate process gathers five thousand devices; one change is one part', async () => {
  const server = await startTravelerSimulator({ devices: 5_000, now: () => 1_760_000_000_000 });
  onTestFinished(() => server.stop());
  const side = cloud();
  const relay = await relayChild(temporaryDirectory(), server, side);
  onTestFinished(() => relay.kill());
  const at = Date.now();
  await relay.gather(side.command('first', { startedAt: at }));
  expect(side.rows).toHaveLength(5_000);
  const named = new Set(side.rows.map(({ user, deviceId, detail }) => `${user}|${deviceId}|${detail?.codes.approval_policy}`));
  for (let index = 0; index < 5_000; index++) {
    const { user, deviceId, approval } = server.deviceAt(index);
    expect(named.has(`${user}|${deviceId}|${approval}`)).toBe(true);
  }
  server.upgradeSome(10);
  side.clear();
  await relay.gather(side.command('second', { startedAt: at, since: at }));
  expect(side.told.map(({ type }) => type)).toEqual(['gatherBegin', 'gatherPart', 'gatherEnd']);
  expect(side.receivedOf('gatherPart')[0]?.devices).toHaveLength(10);
  expect(side.disagreements).toEqual([]);
}, 120_000);
