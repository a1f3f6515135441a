import { describe, expect, test } from 'vitest';
import { connected, devicesOf, failureOf, first, named, present, readAll } from './connected.ts';

describe('reading the device list', () => {
  test('every device of several pages is read exactly once', async () => {
    const { server, source } = await connected({ devices: 95 }, { pageMultiplier: 1 });
    const pages = await readAll(source);
    expect(pages.map((page) => page.devices.length)).toEqual([20, 20, 20, 20, 15]);
    expect(pages.map((page) => page.page)).toEqual([1, 2, 3, 4, 5]);
    expect(pages.flatMap((page) => page.devices).map(named)).toEqual(present(server));
    expect(pages.every((page) => page.totalRecords === 95 && page.rejected === 0)).toBe(true);
    expect(source.requests).toBe(5);
  });

  test.each(['null', 'empty'] as const)('a next that is %s ends the list', async (as) => {
    const { source } = await connected({ devices: 30, faults: [{ kind: 'last-next', as }] }, { pageMultiplier: 1 });
    expect(await readAll(source)).toHaveLength(2);
  });

  test('a single device, sent as an object, is a list of one', async () => {
    const { source } = await connected({ devices: 1 });
    expect(await devicesOf(source)).toHaveLength(1);
  });

  test('an empty list returns no devices, and says so', async () => {
    const { source } = await connected({ faults: [{ kind: 'empty-list' }] });
    expect(await readAll(source)).toEqual([{ devices: [], totalRecords: 0, rejected: 0, page: 1 }]);
  });

  test('numbers read the same as numbers and as strings', async () => {
    const { server, source } = await connected({ devices: 50, now: () => 1_760_000_000_000 });
    const asText = await devicesOf(source);
    server.setFaults([{ kind: 'real-numbers' }]);
    expect(await devicesOf(source)).toEqual(asText);
    expect(asText[1]?.lastSync).toBeTypeOf('number');
  });

  test('a list that shifts between pages loses nothing: some rows repeat', async () => {
    const { server, source } = await connected(
      { devices: 95, faults: [{ kind: 'shifting-list', by: 2 }] },
      { pageMultiplier: 1 },
    );
    const read = (await devicesOf(source)).map(named);
    expect(read.length).toBeGreaterThan(95);
    expect([...new Set(read)]).toEqual(present(server));
  });

  test('rows that drop out while reading show as a difference to the total', async () => {
    const { source } = await connected({ devices: 95, faults: [{ kind: 'shifting-list', by: -2 }] }, { pageMultiplier: 1 });
    const pages = await readAll(source);
    expect(pages.flatMap((page) => page.devices).length).toBeLessThan(pages[0]?.totalRecords ?? 0);
  });

  test('duplicate rows are returned for the caller to deduplicate', async () => {
    const { source } = await connected({ devices: 40, faults: [{ kind: 'duplicate-rows', every: 10 }] });
    const read = (await devicesOf(source)).map(named);
    expect(read).toHaveLength(44);
    expect(new Set(read).size).toBe(40);
  });

  test('a total that is slightly wrong is reported as the server gave it', async () => {
    const { source } = await connected({ devices: 40, faults: [{ kind: 'total-off', by: -3 }] });
    expect((await readAll(source))[0]).toMatchObject({ totalRecords: 37, rejected: 0 });
  });

  test('rows without a device are counted as rejected, and the others are kept', async () => {
    const { source } = await connected({ devices: 40, faults: [{ kind: 'malformed-rows', every: 10 }] });
    const [page] = await readAll(source);
    expect(page?.rejected).toBe(4);
    expect(page?.devices).toHaveLength(36);
  });

  test('names with accents, slashes, quotes or 256 characters survive list and detail', async () => {
    const { server, source } = await connected({ devices: 70, faults: [{ kind: 'odd-names', every: 1 }] });
    const devices = await devicesOf(source);
    expect(devices.map(named)).toEqual(present(server));
    expect(devices.some(({ user }) => user.length === 256)).toBe(true);
    for (const device of devices.slice(0, 20)) {
      const found = await source.detail(device.href);
      expect(found === 'gone' ? found : named(found)).toBe(named(device));
    }
  });

  test('the next page, and no further one, is prefetched', async () => {
    const { server, source } = await connected({ devices: 200 }, { pageMultiplier: 1 });
    const pages = source.pages()[Symbol.asyncIterator]();
    await pages.next();
    await expect.poll(() => server.counts.requests.list).toBe(2);
    await source.detail(server.deviceAt(0).href);
    expect(server.counts.requests.list).toBe(2);
    await pages.return?.();
  });

  test('details are taken from the list where it has them', async () => {
    const { server, source } = await connected({ devices: 5 });
    expect((await first(source)).detail).toBeNull();
    server.setFaults([{ kind: 'details-in-list' }]);
    expect((await first(source)).detail).toMatchObject({ approval: 'not-required', access: 'allow', wipe: 'none' });
  });
});

describe('reading one device', () => {
  test('a full record carries approval, access, wipe and the codes as they came', async () => {
    const { server, source } = await connected({ devices: 10 });
    const device = server.deviceAt(3);
    server.adminDeny(device);
    const found = await source.detail(device.href);
    expect(found).toMatchObject({
      user: device.user,
      deviceId: device.deviceId,
      detail: { approval: 'denied', access: 'deny', wipe: 'none', approvers: ['admin'], codes: { approval_policy: '8' } },
    });
  });

  test('an unknown code is unknown, never approved', async () => {
    const { server, source } = await connected({ devices: 3, faults: [{ kind: 'unknown-codes', every: 1 }] });
    expect(await source.detail(server.deviceAt(0).href)).toMatchObject({
      detail: { approval: 'unknown', access: 'unknown', codes: { approval_policy: '99', access_status: '7' } },
    });
  });

  test('a record that no longer exists is gone', async () => {
    const { server, source } = await connected();
    server.removeDevice(server.deviceAt(5));
    expect(await source.detail(server.deviceAt(5).href)).toBe('gone');
  });

  test('an id reused after removal is a separate record with its own address', async () => {
    const { server, source } = await connected({ devices: 10 });
    const before = server.deviceAt(4);
    server.removeDevice(before);
    server.arrive(before.user, { deviceId: before.deviceId });
    const again = (await devicesOf(source)).filter((device) => named(device) === named(before));
    expect(again).toHaveLength(1);
    expect(again[0]?.href).not.toBe(before.href);
    expect(await source.detail(before.href)).toBe('gone');
    expect(await source.detail(again[0]?.href ?? '')).toMatchObject({ deviceId: before.deviceId });
  });

  test('a server clock that is minutes off changes times and nothing else', async () => {
    const now = () => 1_760_000_000_000;
    const { server, source } = await connected({ devices: 30, now });
    const straight = await devicesOf(source);
    server.setFaults([{ kind: 'clock-skew', ms: 17 * 60_000 }]);
    const skewed = await devicesOf(source);
    expect(skewed.map((device) => ({ ...device, lastSync: 0 }))).toEqual(straight.map((device) => ({ ...device, lastSync: 0 })));
    expect(skewed.some((device) => (device.lastSync ?? 0) > now())).toBe(true);
  });

  test('there are never more concurrent requests than the source allows', async () => {
    const { server, source } = await connected(
      { devices: 60, faults: [{ kind: 'delay', on: 'detail', ms: 5 }] },
      { concurrency: 3 },
    );
    const devices = await devicesOf(source);
    await Promise.all(devices.map((device) => source.detail(device.href)));
    expect(server.counts.mostAtOnce).toBe(3);
    expect(server.counts.requests.detail).toBe(60);
  });
});

describe('the address of a server', () => {
  test.each(['', '/', '/api/traveler', '/api/traveler/'])('may end with "%s"', async (ending) => {
    const { source } = await connected({ devices: 10 }, (server) => ({ baseUrl: server.url + ending }));
    expect(await devicesOf(source)).toHaveLength(10);
  });

  test('may have a path in front, as behind a proxy', async () => {
    const { server, source } = await connected({ devices: 50, basePath: '/mail/proxy' }, (given) => ({
      baseUrl: `${given.url}/`,
      pageMultiplier: 1,
    }));
    const devices = await devicesOf(source);
    expect(devices.map(named)).toEqual(present(server));
    expect(await source.detail(devices[7]?.href ?? '')).toMatchObject({ deviceId: devices[7]?.deviceId });
  });

  test('a missing Traveler API is reported plainly', async () => {
    const { source } = await connected({}, (server) => ({ baseUrl: `${server.url}/elsewhere` }));
    const failure = await failureOf(devicesOf(source));
    expect(failure).toMatchObject({
      kind: 'permanent',
      problem: { what: expect.stringContaining('no device list at this address') },
    });
  });
});

describe('what the server reports about itself', () => {
  test('version and approval settings', async () => {
    const { source } = await connected({ requireApproval: true, devicesBeforeApproval: 2 });
    expect(await source.serverFacts()).toEqual({
      requiresApproval: true,
      devicesBeforeApproval: 2,
      settingsAccess: 'writable',
      build: '12.0.2.1 Build 202311071200_30',
      aqSupport: 'supported',
    });
  });

  test('without approval settings, settings are unavailable and the rule is unknown', async () => {
    const { source } = await connected({ faults: [{ kind: 'no-settings' }] });
    expect(await source.serverFacts()).toMatchObject({ requiresApproval: 'unknown', settingsAccess: 'unavailable' });
    expect(await source.writeSettings({ requireApproval: true, devicesBeforeApproval: 0 })).toBe('unavailable');
  });

  test.each([
    ['9.0.1.7 Build 201507281530_30', 'supported'],
    ['Build 10.0', 'supported'],
    ['8.5.3.100 Build 201208', 'unsupported'],
    ['201609071128_30', 'unknown'],
    ['', 'unknown'],
  ])('build level "%s" means that Auto-Quarantine is %s', async (build, aqSupport) => {
    const { source } = await connected({ build });
    expect(await source.serverFacts()).toMatchObject({ build, aqSupport });
  });
});
