import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FaultInput, TravelerSimulator } from '#infra/simulators/traveler-simulator';
import type { Reads } from '../../../relay/gather/ports.ts';
import { httpReads } from '../../../relay/sources/http-reads.ts';
import { relaySide } from '../gather/relay-side.ts';

const reads = (server: TravelerSimulator): Reads =>
  httpReads({
    ...{ baseUrl: server.url, credentials: async () => server.credentials, concurrency: 4, rowsPerPage: 20 },
    retry: { tries: 3, baseMs: 1, longestMs: 2_000 },
  });
const old = (options: Parameters<typeof relaySide>[0] = {}) => relaySide({ release: '8.5', reads, ...options });

/** Approval, access and wipe of each device, as an administrator of that server would describe them. */
function shown(server: TravelerSimulator) {
  const names: Record<number, string> = {
    1: 'pending',
    2: 'approved',
    4: 'auto-approved',
    8: 'denied',
    16: 'not-required',
    99: 'unknown',
  };
  const devices = [];
  for (let index = 0; devices.length < server.deviceCount; index++) {
    const { user, deviceId, approval, access, wipeOptions } = server.deviceAt(index);
    if (server.find(user, deviceId) === undefined) continue;
    const kept = access !== 0 ? 'prohibit' : wipeOptions !== '' ? 'deny' : 'allow';
    devices.push([user, deviceId, names[approval], kept, wipeOptions === '' ? 'none' : 'requested']);
  }
  return new Set(devices.map((one) => one.join('|')));
}
const sent = (side: Awaited<ReturnType<typeof relaySide>>) =>
  new Set(
    side.cloud.rows.map(({ user, deviceId, detail }) =>
      [user, deviceId, detail?.approval, detail?.access, detail?.wipe].join('|'),
    ),
  );

describe('Traveler 8.5 over HTTP', () => {
  test('every device is sent with its document’s data; Auto-Quarantine is unsupported', async () => {
    const side = await old({ devices: 95, requireApproval: true, devicesBeforeApproval: 1 });
    side.server.adminChange(side.server.deviceAt(3), { access: 2 });
    side.server.adminChange(side.server.deviceAt(4), { wipeOptions: 'wipeApps', wipeStatus: '1' });
    side.server.adminChange(side.server.deviceAt(5), { approval: 99 });
    const { failed, agreed } = await side.gather();
    expect([failed, agreed]).toEqual([undefined, true]);
    expect(sent(side)).toEqual(shown(side.server));
    expect(side.cloud.receivedOf('gatherBegin')[0]?.server).toEqual({
      ...{ build: '8.5', aqSupport: 'unsupported', settingsAccess: 'unavailable' },
      ...{ requiresApproval: 'unknown', devicesBeforeApproval: null },
    });
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals).toMatchObject({
      devices: 95,
      totalRecords: 95,
      details: 0,
      requests: 5,
    });
    const row = side.cloud.rows.find(({ deviceId }) => deviceId === side.server.deviceAt(4).deviceId);
    expect(row?.detail?.codes).toMatchObject({
      requested_wipe_options: 'wipeApps',
      wipe_types_supported: row?.detail?.wipeTypes,
    });
    expect(row?.detail?.compliance).toBe('unknown');
    expect(side.cloud.rows.some(({ lastSync }) => lastSync !== null && lastSync > side.clock.now - 3_600_000)).toBe(true);
  });

  test('only changes are sent next time; without any, it is two messages', async () => {
    const side = await old({ devices: 95 });
    await side.gather();
    side.clock.now -= 15 * 60_000;
    await side.gather();
    expect(side.cloud.told.map(({ type }) => type)).toEqual(['gatherBegin', 'gatherEnd']);
    side.server.adminDeny(side.server.deviceAt(7));
    side.server.removeDevice(side.server.deviceAt(8));
    const { agreed } = await side.gather({ lastSyncEveryHours: 10_000 });
    expect(side.cloud.receivedOf('gatherPart').flatMap(({ devices }) => devices)).toHaveLength(1);
    expect(agreed).toBe(true);
    expect(sent(side)).toEqual(shown(side.server));
  });

  test('a touched device is sent even if unchanged', async () => {
    const side = await old({ devices: 95 });
    await side.gather();
    side.relay.touched(side.server.deviceAt(9));
    await side.gather({ lastSyncEveryHours: 10_000 });
    expect(side.cloud.receivedOf('gatherPart').flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId))).toEqual([
      side.server.deviceAt(9).deviceId,
    ]);
  });

  test.each<[string, FaultInput[]]>([
    ['rows that shift while they are read', [{ kind: 'shifting-list', by: 2 }]],
    ['rows that come twice', [{ kind: 'duplicate-rows', every: 7 }]],
    ['a total that is off by a few', [{ kind: 'total-off', by: 2 }]],
    ['odd names and ids', [{ kind: 'odd-names', every: 1 }]],
    ['a server that is busy for a moment', [{ kind: 'status', code: 503, times: 2 }]],
    ['a body that is cut off once', [{ kind: 'cut-body', times: 1 }]],
  ])('with %s, the cloud has what the server has', async (_, faults) => {
    const side = await old({ devices: 95, faults });
    const { failed, agreed } = await side.gather();
    expect([failed, agreed]).toEqual([undefined, true]);
    expect(sent(side)).toEqual(shown(side.server));
  });

  test.each<[string, FaultInput, RegExp]>([
    ['answers with its login page', { kind: 'login-page' }, /login form/],
    ['sends clients to its login page', { kind: 'login-redirect' }, /login form/],
    ['lists nothing although devices are known', { kind: 'empty-list' }, /no device at all/],
    ['shows no column that names a device', { kind: 'malformed-rows', every: 1 }, /no columns Username and deviceid/],
    ['talks nonsense', { kind: 'malformed-json' }, /JSON/],
  ])('a server that %s fails the gather with what to do', async (_, fault, says) => {
    const side = await old({ devices: 95 });
    await side.gather();
    side.server.setFaults([fault]);
    const { failed } = await side.gather();
    expect(failed?.problem.what).toMatch(says);
    expect(failed?.problem.remedy).not.toBe('');
  });

  test('rows that cannot be read are counted, and the others are sent', async () => {
    const side = await old({ devices: 95 });
    side.server.setFaults([{ kind: 'malformed-rows', every: 30 }]);
    await side.gather();
    expect(side.cloud.receivedOf('gatherEnd')[0]?.totals).toMatchObject({ rejected: 4, devices: 91 });
  });

  test('a newer server without this database says how to read it', async () => {
    const side = await old({ release: '9' });
    expect((await side.gather()).failed?.problem).toMatchObject({
      what: expect.stringContaining('404'),
      remedy: expect.stringContaining('"rest"'),
    });
  });

  test('a wrong password reaches the server once', async () => {
    const side = await old({
      reads: (server) =>
        httpReads({ baseUrl: server.url, credentials: async () => ({ user: 'x', password: 'y' }), concurrency: 4 }),
    });
    expect((await side.gather()).failed?.problem.kind).toBe('denied');
    await side.gather();
    expect(side.source.requests).toBe(1);
  });

  test('concurrent reads of single devices share one view scan', async () => {
    const side = await old({ devices: 95 });
    const wanted = [0, 30, 90].map((index) => side.server.deviceAt(index));
    const absent = { user: 'Nobody/Acme', deviceId: 'none' };
    const found = await Promise.all(
      [...wanted, { ...absent, href: '' }].map((one) => side.source.read({ sourceId: 'hq', ...one })),
    );
    expect(found.map((one) => (one === 'gone' ? one : one.deviceId))).toEqual([
      ...wanted.map(({ deviceId }) => deviceId),
      'gone',
    ]);
    expect(side.source.requests).toBeLessThanOrEqual(10);
    side.server.adminDeny(side.server.deviceAt(0));
    const again = await side.source.read({ sourceId: 'hq', ...side.server.deviceAt(0) });
    expect(again === 'gone' ? again : again.detail.approval).toBe('denied');
  });

  test('only the view is ever requested', async () => {
    const side = await old({ devices: 95 });
    await side.gather();
    await side.source.read({ sourceId: 'hq', ...side.server.deviceAt(0) });
    expect(Object.keys(side.server.counts.requests)).toEqual(['view']);
    expect(side.server.effects).toEqual([]);
  });
});

/** A Domino with fixed responses, for what the simulator does not produce. */
async function domino(answer: (start: number) => unknown) {
  const server = createServer((request, response) => {
    const start = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('Start'));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(start)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const source = httpReads({
    ...{
      baseUrl: `http://127.0.0.1:${port}/behind/a/proxy/`,
      credentials: async () => ({ user: 'u', password: 'p' }),
      concurrency: 1,
    },
  });
  onTestFinished(async () => {
    await source.close();
    server.close();
  });
  const pages = [];
  for await (const page of source.pages()) pages.push(page);
  return pages;
}
const cell = (name: string, content: object) => ({ '@name': name, ...content });
const row = (unid: string, ...cells: object[]) => ({ '@unid': unid, entrydata: cells });

describe('unusual responses of Domino', () => {
  test('lists, zoned times, names in another case, a row without a list', async () => {
    const [page] = await domino((start) =>
      start > 1
        ? {}
        : {
            '@toplevelentries': '1',
            viewentry: row(
              'A1',
              cell('USERNAME', { text: { '0': 'Jane Doe/Acme' } }),
              cell('DeviceID', { textlist: { text: [{ '0': 'id1' }] } }),
              cell('lastSyncTime', { datetime: { '0': '20260302T130000,00+01' } }),
              cell('approvalFlag', { number: { '0': '0' } }),
            ),
          },
    );
    expect(page?.devices[0]).toMatchObject({
      ...{
        user: 'Jane Doe/Acme',
        deviceId: 'id1',
        lastSync: Date.parse('2026-03-02T12:00:00Z'),
        href: '/LotusTraveler.nsf/0/A1',
      },
      detail: { approval: 'not-required', access: 'unknown', wipe: 'unknown', wipeTypes: '' },
    });
  });

  test('categories and totals are not counted as devices', async () => {
    const pages = await domino((start) =>
      start > 1
        ? { '@toplevelentries': '1' }
        : {
            '@toplevelentries': '1',
            viewentry: [
              { '@position': '1', '@children': '2', entrydata: [cell('Username', { text: { '0': 'Jane Doe/Acme' } })] },
              row('A1', cell('Username', { text: { '0': 'Jane Doe/Acme' } }), cell('deviceid', { text: { '0': 'id1' } })),
              row('A2', cell('Username', { text: { '0': 'Jane Doe/Acme' } }), cell('deviceid', { text: { '0': 'id2' } })),
            ],
          },
    );
    expect(pages.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId))).toEqual(['id1', 'id2']);
    expect(pages.map(({ totalRecords, rejected }) => [totalRecords, rejected])).toEqual([
      [null, 0],
      [null, 0],
    ]);
  });

  test('a server that repeats its last rows causes no endless loop', async () => {
    const rows = ['A', 'B', 'C'].map((id) =>
      row(id, cell('Username', { text: { '0': 'u' } }), cell('deviceid', { text: { '0': id } })),
    );
    const pages = await domino((start) => ({ viewentry: start > 3 ? rows : rows.slice(start - 1) }));
    expect(pages.flatMap(({ devices }) => devices)).toHaveLength(3);
  });
});
