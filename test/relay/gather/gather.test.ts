import { describe, expect, test } from 'vitest';
import { relaySide, shownBy, shownTo } from './relay-side.ts';

describe('a gather by REST', () => {
  test('the first one sends every device with its full record; digests agree', async () => {
    const side = await relaySide({ devices: 100, requireApproval: true, devicesBeforeApproval: 1 });
    const { agreed } = await side.gather();
    expect(side.cloud.receivedOf('gatherBegin')).toMatchObject([
      {
        scope: 'full',
        base: null,
        server: { build: '12.0.2.1 Build 202311071200_30', aqSupport: 'supported', requiresApproval: true },
      },
    ]);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals).toMatchObject({
      devices: 100,
      totalRecords: 100,
      rejected: 0,
      pages: 5,
      details: 100,
    });
    expect(agreed).toBe(true);
  });

  test('an unchanged one is a beginning and an end under 1 KB', async () => {
    const side = await relaySide({ devices: 300 });
    await side.gather();
    side.clock.now -= 15 * 60_000;
    const { agreed, wanted } = await side.gather();
    expect(side.cloud.told.map(({ type }) => type)).toEqual(['gatherBegin', 'gatherEnd']);
    expect(side.cloud.bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(1024);
    expect(side.cloud.receivedOf('gatherBegin')[0]).toMatchObject({ scope: 'delta', base: wanted.base });
    expect(agreed).toBe(true);
  });

  test('changed, new and removed devices are sent, and nothing else', async () => {
    const side = await relaySide({ devices: 200 });
    await side.gather();
    side.server.upgradeSome(2);
    const gone = side.server.deviceAt(7);
    side.server.removeDevice(gone);
    const fresh = side.server.arrive('Neu Ling/Acme');
    const { agreed } = await side.gather({ lastSyncEveryHours: 1_000, detailRefreshHours: 1_000 });
    const parts = side.cloud.receivedOf('gatherPart');
    const ids = parts.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId));
    expect(ids).toHaveLength(3);
    expect(ids).toContain(fresh.deviceId);
    expect(parts.flatMap(({ removed }) => removed)).toHaveLength(1);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
    expect(agreed).toBe(true);
  });
});
