import { describe, expect, test } from 'vitest';
import { cloud } from './cloud.ts';
import { minutes, relaySide, shownBy, shownTo } from './relay-side.ts';

const calm = { lastSyncEveryHours: 10_000, detailRefreshHours: 10_000 };

describe('the cloud’s base decides what it is sent', () => {
  test('after a lost run, the next difference fits the cloud’s base', async () => {
    let takes = true;
    const side = await relaySide({ devices: 100, cloud: cloud({ commits: () => takes }) });
    await side.gather();
    takes = false;
    side.server.upgradeSome(4);
    await side.gather(calm);
    expect(side.cloud.receivedOf('gatherPart')[0]?.devices).toHaveLength(4);
    takes = true;
    side.server.removeDevice(side.server.deviceAt(51));
    const { agreed } = await side.gather(calm);
    expect(side.cloud.receivedOf('gatherBegin')[0]?.scope).toBe('delta');
    expect(side.cloud.receivedOf('gatherPart')[0]).toMatchObject({ removed: [expect.any(String)] });
    expect(side.cloud.receivedOf('gatherPart')[0]?.devices).toHaveLength(4);
    expect(agreed).toBe(true);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('a repeated command is served from disk, with the same parts', async () => {
    let takes = false;
    const side = await relaySide({ devices: 300, cloud: cloud({ commits: () => takes }) });
    const { wanted } = await side.gather();
    const parts = side.cloud.receivedOf('gatherPart');
    expect(parts.length).toBeGreaterThan(3);
    const requests = side.source.requests;
    side.restart();
    takes = true;
    side.cloud.clear();
    await side.relay.gather(wanted, side.cloud.link, new AbortController().signal);
    expect(side.source.requests).toBe(requests);
    expect(side.cloud.receivedOf('gatherPart').map(({ part, devices }) => [part, devices])).toEqual(
      parts.map(({ part, devices }) => [part, devices]),
    );
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('an unknown base, or none, is answered with everything', async () => {
    const side = await relaySide({ devices: 100 });
    await side.gather();
    await side.gather({ base: 'f'.repeat(64) });
    expect(side.cloud.receivedOf('gatherBegin')[0]).toMatchObject({ scope: 'full', base: null });
    expect(side.cloud.receivedOf('gatherPart').flatMap(({ devices }) => devices)).toHaveLength(100);
    await side.gather({ base: null });
    expect(side.cloud.receivedOf('gatherBegin')[0]?.scope).toBe('full');
  });

  test('a full run reads every full record again', async () => {
    const side = await relaySide({ devices: 100 });
    await side.gather();
    side.server.adminDeny(side.server.deviceAt(3));
    side.cloud.has(null);
    await side.gather(calm);
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals.details).toBe(100);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('missing parts are sent again unchanged', async () => {
    const side = await relaySide({ devices: 300 });
    const { wanted } = await side.gather();
    const before = side.cloud.receivedOf('gatherPart');
    side.cloud.clear();
    await side.relay.resend(wanted.runId, [0, 2, 99], side.cloud.link);
    expect(side.cloud.receivedOf('gatherPart').map(({ devices }) => devices)).toEqual([before[0]?.devices, before[2]?.devices]);
    expect(side.logged.at(-1)).toMatchObject({ level: 'warn', fields: { sent: 2 } });
    side.cloud.clear();
    await side.relay.resend('another run', [0], side.cloud.link);
    expect(side.cloud.told).toEqual([]);
  });

  test('the initial digest is that of what the cloud has', async () => {
    const side = await relaySide({ devices: 100 });
    expect(await side.relay.digest()).toBeNull();
    await side.gather();
    const taken = side.cloud.digest;
    await side.gather();
    expect(await side.relay.digest()).toBe(taken);
    side.restart();
    expect(await side.relay.digest()).toBe(taken);
  });

  test('the stored state of one server is not used for another', async () => {
    const side = await relaySide({ devices: 100 });
    await side.gather();
    await side.gather();
    const other = await relaySide({ devices: 100 });
    expect(await other.relay.digest()).toBeNull();
  });
});

describe('which full records are read', () => {
  test('those due, moving, touched, or requested by the cloud, and no others', async () => {
    const side = await relaySide({ devices: 300, requireApproval: true, devicesBeforeApproval: 10 });
    await side.gather();
    const [waiting, denied, wiping, acted, asked] = [1, 2, 3, 4, 5].map((index) => side.server.deviceAt(index));
    if (!waiting || !denied || !wiping || !acted || !asked) throw new Error('no devices');
    side.server.adminChange(waiting, { approval: 1 });
    side.server.adminChange(wiping, { wipeOptions: 'wipeApps', wipeStatus: '1' });
    side.server.adminDeny(denied);
    await side.gather({ details: 'every' });
    await side.gather(calm);
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals.details).toBe(2);
    side.server.adminApprove(waiting);
    side.server.adminDeny(acted);
    side.relay.touched(acted);
    side.server.adminDeny(asked);
    const { deviceHash } = await import('#adapters/fingerprint');
    await side.gather({ ...calm, attention: [deviceHash(asked)] });
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals.details).toBe(4);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
    await side.gather(calm);
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals.details).toBe(1);
  });

  test('a touched device is read until the cloud commits it, despite restarts', async () => {
    let takes = true;
    const side = await relaySide({ devices: 100, cloud: cloud({ commits: () => takes }) });
    await side.gather();
    const acted = side.server.deviceAt(4);
    side.server.adminDeny(acted);
    side.relay.touched(acted);
    takes = false;
    await side.gather(calm);
    side.restart();
    takes = true;
    await side.gather(calm);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('all of them within the refresh time, even with an unchanged list', async () => {
    const side = await relaySide({ devices: 200 });
    await side.gather();
    for (let index = 0; index < 200; index++) side.server.adminChange(side.server.deviceAt(index), { approval: 2 });
    let details = 0;
    for (let quarter = 0; quarter < 8; quarter++) {
      await side.gather({ detailRefreshHours: 2 });
      details += side.cloud.receivedOf('gatherEnd')[0]?.totals.details ?? 0;
    }
    expect(details).toBe(200);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('a new last sync is sent only when due', async () => {
    const side = await relaySide({ devices: 200 });
    await side.gather();
    let sentCount = 0;
    for (let quarter = 0; quarter < 8; quarter++) {
      await side.gather({ lastSyncEveryHours: 2, detailRefreshHours: 10_000 });
      sentCount += side.cloud.receivedOf('gatherPart').flatMap(({ devices }) => devices).length;
    }
    const syncing = side.cloud.rows.filter(({ lastSync }) => lastSync !== null && lastSync > side.clock.now - 180 * minutes);
    expect(sentCount).toBe(syncing.length);
    expect(sentCount).toBeGreaterThan(150);
  });
});

describe('one gather at a time', () => {
  test('a newer command replaces the older one, which sends nothing more', async () => {
    const side = await relaySide({ devices: 100, faults: [{ kind: 'hang', on: 'list', times: 1 }] });
    const { link } = side.cloud;
    const signal = new AbortController().signal;
    const first = side.relay.gather(side.cloud.command('first', { startedAt: side.clock.now }), link, signal);
    await expect.poll(() => side.server.counts.requests.list).toBe(1);
    await side.relay.gather(side.cloud.command('second', { startedAt: side.clock.now }), link, signal);
    await first;
    expect(new Set(side.cloud.told.map((one) => 'runId' in one && one.runId))).toEqual(new Set(['second']));
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('the same command twice is one gather', async () => {
    const side = await relaySide({ devices: 100 });
    const command = side.cloud.command('run', { startedAt: side.clock.now });
    const signal = new AbortController().signal;
    await Promise.all([1, 2].map(() => side.relay.gather(command, side.cloud.link, signal)));
    expect(side.server.counts.requests.list).toBe(5);
    expect(side.cloud.receivedOf('gatherEnd')).toHaveLength(1);
  });

  test('an aborted one sends nothing, and the next one is complete', async () => {
    const side = await relaySide({ devices: 100, faults: [{ kind: 'delay', ms: 50, on: 'detail' }] });
    const stop = new AbortController();
    const command = side.cloud.command('run', { startedAt: side.clock.now });
    const gathering = side.relay.gather(command, side.cloud.link, stop.signal);
    await expect.poll(() => side.server.counts.requests.detail ?? 0).toBeGreaterThan(3);
    stop.abort();
    await gathering;
    expect(side.cloud.told).toEqual([]);
    side.server.setFaults([]);
    await side.gather();
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('only a few parts are in transit at once', async () => {
    const slow = cloud({ latency: () => new Promise((done) => setTimeout(done, 2)) });
    const side = await relaySide({ devices: 700, cloud: slow });
    await side.gather();
    expect(side.cloud.receivedOf('gatherPart').length).toBeGreaterThan(8);
    expect(side.cloud.underWay.most).toBe(4);
  });

  test('a run not fully sent before a restart is sent after it', async () => {
    const stuck = cloud({ latency: () => new Promise(() => undefined) });
    const side = await relaySide({ devices: 100, cloud: stuck });
    const command = side.cloud.command('run', { startedAt: Date.now() });
    void side.relay.gather(command, side.cloud.link, new AbortController().signal);
    await expect.poll(() => side.snapshot.pending()?.runId).toBe('run');
    side.restart();
    const healthy = cloud();
    await side.relay.resume(healthy.link);
    expect(shownTo(healthy)).toEqual(await shownBy(side.server));
    healthy.clear();
    await side.relay.resume(healthy.link);
    expect(healthy.told).toEqual([]);
  });

  test('an interrupted read is repeated after a restart, under the same lease', async () => {
    const side = await relaySide({ devices: 100, faults: [{ kind: 'delay', ms: 50, on: 'detail' }] });
    const command = side.cloud.command('run', { startedAt: Date.now(), details: 'every' });
    void side.relay.gather(command, side.cloud.link, new AbortController().signal);
    await expect.poll(() => side.server.counts.requests.detail ?? 0).toBeGreaterThan(3);
    side.restart();
    side.server.setFaults([]);
    await side.relay.resume({ ...side.cloud.link, held: () => ({ fence: 8 }) });
    await side.relay.resume({ ...side.cloud.link, held: () => null });
    expect(side.cloud.told).toEqual([]);
    await side.relay.resume(side.cloud.link);
    expect(side.cloud.receivedOf('gatherEnd')).toMatchObject([{ runId: 'run' }]);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
    side.restart();
    side.cloud.clear();
    await side.relay.resume(side.cloud.link);
    expect(side.cloud.told).toEqual([]);
  });

  test('a failed one is not read again', async () => {
    const side = await relaySide({ devices: 10, faults: [{ kind: 'login-page' }] });
    const { failed } = await side.gather({ startedAt: Date.now() });
    expect(failed).toBeDefined();
    side.restart();
    side.cloud.clear();
    await side.relay.resume(side.cloud.link);
    expect(side.cloud.told).toEqual([]);
  });
});

test('progress is sent every two seconds', async () => {
  let now = 0;
  const side = await relaySide({ devices: 100, needs: { now: () => (now += 100) } });
  await side.gather();
  const progress = side.cloud.mentioned.filter((one) => one.type === 'gatherProgress');
  expect(progress.length).toBeGreaterThan(2);
  expect(progress.at(-1)).toMatchObject({ runId: 'run-1', devices: expect.any(Number), detailsWanted: expect.any(Number) });
});
