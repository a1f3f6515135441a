import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { uploadStore } from '#adapters/dynamodb/journal/uploads';
import { type Portal, portal } from '#adapters/portal/portal';
import { upload } from '#functions/upload/upload';
import { startPortalSimulator } from '#infra/simulators/portal/portal-simulator';
import { aStoredDevice, hour, minute, noDrift, type Side, startSide } from './portal-side.ts';

let side: Side;
beforeEach(async () => {
  side = await startSide();
});
afterEach(() => side.stop());

const changeMany = (count: number) =>
  side.changeAll(
    Array.from({ length: count }, (_, number) => aStoredDevice(number)),
    'discovered',
  );
const changesTaken = () => side.simulator.taken.flatMap(({ body }) => (body.kind === 'changes' ? [body] : []));

/** Each range of changes continues the one before, and none was accepted twice. */
function expectGaplessFrom(fromSeq: number): void {
  let next = fromSeq;
  for (const body of changesTaken()) {
    expect(body.fromSeq).toBe(next);
    next = body.toSeq + 1;
  }
  expect(new Set(side.simulator.taken.map(({ key }) => key)).size).toBe(side.simulator.taken.length);
}

describe('the device list at the portal', () => {
  test('begins with a whole snapshot in parts, and equals ours', async () => {
    await changeMany(620);
    side.clock.now += minute;
    await side.run();
    expect(side.simulator.taken.map(({ body }) => [body.kind, body.devices.length])).toEqual([
      ['snapshot', 500],
      ['snapshot', 120],
    ]);
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  });

  test('then gets only changes, in their order, each device once a batch', async () => {
    await changeMany(5);
    side.clock.now += minute;
    await side.run();
    for (const number of [3, 1, 4, 1]) await side.change(aStoredDevice(number, { provider: `changed ${number}` }));
    await side.change(aStoredDevice(2), 'notice');
    await side.run();
    expect(changesTaken().map(({ devices }) => devices.map(({ deviceId }) => deviceId))).toEqual([['Appl3', 'Appl4', 'Appl1']]);
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
    expect(await side.run()).toMatchObject({ outcome: 'caught-up', requests: 0 });
  });

  test('starts again with a whole list when the configuration names another portal', async () => {
    await changeMany(3);
    side.clock.now += minute;
    await side.run();
    const other = await startPortalSimulator({ now: side.dependencies.now });
    const adapter = portal({ url: other.url, token: async () => other.token });
    const uploads = uploadStore(side.database.client, side.database.tables.control, other.url);
    await upload({ ...side.dependencies, portal: adapter, uploads })({ until: side.clock.now + minute });
    expect(other.taken.map(({ body }) => body.kind)).toEqual(['snapshot']);
    expect(other.drift('cloud', side.list())).toEqual(noDrift);
    await adapter.close();
    await other.stop();
  });

  test('loses a device that was removed', async () => {
    await changeMany(3);
    side.clock.now += minute;
    await side.run();
    await side.change(aStoredDevice(1, { presence: 'removed' }), 'removed');
    await side.run();
    expect([...side.simulator.listOf('cloud').keys()].sort()).toEqual(['User 0/Acme|Appl0', 'User 2/Acme|Appl2']);
  });

  test('is repaired by a whole snapshot once a day', async () => {
    await changeMany(10);
    side.clock.now += minute;
    await side.run();
    side.simulator.forget('cloud', 4);
    side.clock.now += 23 * hour;
    await side.run();
    expect(side.simulator.drift('cloud', side.list()).missing).toHaveLength(4);
    side.clock.now += hour;
    await side.run();
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  });

  test('changes within seconds before a snapshot are sent again: the index may lag', async () => {
    await changeMany(3);
    await side.run();
    expect(side.simulator.taken.map(({ body }) => body.kind)).toEqual(['snapshot', 'changes']);
    expectGaplessFrom(1);
  });
});

describe('a failing portal', () => {
  test('that is down for a week then gets everything once, in order', async () => {
    await changeMany(40);
    side.clock.now += minute;
    await side.run();
    const before = side.simulator.taken.length;
    const { seq } = await side.chain.head('cloud');
    side.simulator.fail({ kind: 'down' });
    const end = side.clock.now + 7 * 24 * hour;
    for (let step = 0; side.clock.now < end; step++) {
      const devices = Array.from({ length: 5 }, (_, nth) =>
        aStoredDevice((step * 7 + nth * 3) % 60, { provider: `step ${step}`, presence: step % 11 === 0 ? 'removed' : 'present' }),
      );
      await side.changeAll(devices, step % 11 === 0 ? 'removed' : 'changed');
      await side.run();
      side.clock.now += hour;
    }
    expect(side.simulator.taken).toHaveLength(before);
    side.simulator.fail(null);
    side.clock.now += 15 * minute;
    await side.run();
    const [first] = side.simulator.taken.slice(before);
    expect(first?.body.kind).toBe('changes');
    expectGaplessFrom(seq + 1);
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
    for (const { fromSeq, toSeq, devices } of changesTaken()) {
      const { entries } = await side.chain.readChain('cloud', { fromSeq, limit: toSeq - fromSeq + 1 });
      const lines = entries.map(({ line }) => line.deviceId).reverse();
      expect(devices.map(({ deviceId }) => deviceId)).toEqual([...new Set(lines)].reverse());
    }
    expect(await side.uploads.trouble()).toBeNull();
  });

  test.each([
    ['120', 120_000],
    ['Mon, 02 Mar 2026 08:10:00 GMT', 10 * minute - minute],
  ])('that answers Retry-After %s gets no request before that time', async (retryAfter, ms) => {
    await changeMany(1);
    side.clock.now += minute;
    side.simulator.fail({ kind: 'status', status: 429, retryAfter });
    expect(await side.run()).toMatchObject({ outcome: 'failed' });
    side.simulator.fail(null);
    const asked = side.clock.now + ms;
    while (side.clock.now + 5000 < asked) {
      side.clock.now += 5000;
      expect(await side.run()).toMatchObject({ outcome: 'resting' });
    }
    expect(side.simulator.requests).toHaveLength(1);
    side.clock.now = asked;
    expect(await side.run()).toMatchObject({ outcome: 'caught-up', requests: 1 });
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  });

  test('that loses an answer gets the batch again with its key, applied once', async () => {
    await changeMany(3);
    side.clock.now += minute;
    await side.run();
    await side.change(aStoredDevice(1, { provider: 'first' }));
    side.simulator.fail({ kind: 'lost-answer' }, 1);
    await side.run();
    await side.change(aStoredDevice(2, { provider: 'second' }));
    side.clock.now += 15 * minute;
    await side.run();
    expect(changesTaken().map(({ devices }) => devices.map(({ deviceId }) => deviceId))).toEqual([['Appl1'], ['Appl2']]);
    expectGaplessFrom(4);
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  });

  test('that rejects the token is reported with a remedy, and the upload resumes', async () => {
    await changeMany(2);
    side.clock.now += minute;
    side.simulator.fail({ kind: 'status', status: 401 });
    await side.run();
    expect((await side.uploads.trouble())?.problem).toMatchObject({ kind: 'denied', remedy: expect.stringContaining('token') });
    side.simulator.fail(null);
    side.clock.now += 15 * minute;
    await side.run();
    expect(await side.uploads.trouble()).toBeNull();
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  });

  test('that rejects the list of one source does not delay the others', async () => {
    await side.stop();
    side = await startSide({ sourceIds: ['cloud', 'hq'] });
    await side.change(aStoredDevice(1), 'discovered');
    await side.change(aStoredDevice(2, { sourceId: 'hq' }), 'discovered');
    side.clock.now += minute;
    side.simulator.fail({ kind: 'status', status: 422 }, 1);
    expect(await side.run()).toMatchObject({ outcome: 'failed' });
    expect(side.simulator.drift('hq', side.list('hq'))).toEqual(noDrift);
    expect((await side.uploads.cursor('cloud')).trouble?.problem).toMatchObject({ kind: 'permanent' });
    side.clock.now += 15 * minute;
    await side.run();
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
    expect((await side.uploads.cursor('cloud')).trouble).toBeNull();
  });
});

test('a killed upload is completed by the next: nothing missing, nothing doubled', async () => {
  await changeMany(4);
  side.clock.now += minute;
  await side.run();
  for (let kill = 1; kill <= 6; kill++) {
    await side.change(aStoredDevice(kill % 4, { provider: `kill ${kill}` }));
    let calls = 0;
    const dying =
      <A extends unknown[], R>(work: (...given: A) => Promise<R>, when: 'before' | 'after') =>
      async (...given: A): Promise<R> => {
        calls += 1;
        if (calls === kill && when === 'before') throw new Error('killed');
        const result = await work(...given);
        if (calls === kill) throw new Error('killed');
        return result;
      };
    const { uploads, portal: sending, chain } = side.dependencies;
    const put: Portal['put'] = dying(sending.put, 'after');
    const killed = upload({
      ...side.dependencies,
      chain: { ...chain, readChain: dying(chain.readChain, 'before') },
      uploads: { ...uploads, cursor: dying(uploads.cursor, 'before'), move: dying(uploads.move, kill % 2 ? 'before' : 'after') },
      portal: { put },
    });
    await killed({ until: side.clock.now + minute }).catch((error: Error) => expect(error.message).toBe('killed'));
    side.clock.now += 15 * minute;
    await side.run();
    expect(side.simulator.drift('cloud', side.list())).toEqual(noDrift);
  }
  expectGaplessFrom(5);
});
