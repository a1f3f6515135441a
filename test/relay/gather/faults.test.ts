import { describe, expect, test } from 'vitest';
import type { FaultInput } from '#infra/simulators/traveler-simulator';
import { relaySide, shownBy, shownTo } from './relay-side.ts';

/** Whatever the list looks like, afterwards the cloud has what the server has. */
describe.each<[string, FaultInput[]]>([
  ['pages that shift while they are read', [{ kind: 'shifting-list', by: 2 }]],
  ['rows that come twice', [{ kind: 'duplicate-rows', every: 3 }]],
  ['a total that is off by a few', [{ kind: 'total-off', by: -3 }]],
  ['numbers as numbers', [{ kind: 'real-numbers' }]],
  ['full records in the list', [{ kind: 'details-in-list' }]],
  ['odd ids, and names of 256 characters', [{ kind: 'odd-names', every: 1 }]],
  ['a next that is null', [{ kind: 'last-next', as: 'null' }]],
  ['a server that asks for patience (449)', [{ kind: 'status', code: 449, times: 2 }]],
  ['a server that is busy for a moment (503)', [{ kind: 'status', code: 503, retryAfter: '0', on: 'detail', times: 2 }]],
  ['a body that is cut off once', [{ kind: 'cut-body', on: 'list', times: 1 }]],
  ['an empty body once', [{ kind: 'empty-body', on: 'detail', times: 1 }]],
  ['a slow server', [{ kind: 'delay', ms: 5 }]],
])('with %s', (_, faults) => {
  test('the cloud has what the server has, and the next difference matches', async () => {
    const side = await relaySide({ devices: 95, faults });
    const first = await side.gather();
    expect([first.failed, first.agreed]).toEqual([undefined, true]);
    side.server.removeDevice(side.server.deviceAt(90));
    side.server.upgradeSome(3);
    const second = await side.gather();
    expect([second.failed, second.agreed]).toEqual([undefined, true]);
    expect(side.cloud.receivedOf('gatherBegin')[0]?.scope).toBe('delta');
    side.server.setFaults(faults.filter(({ kind }) => kind === 'odd-names'));
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });
});

describe.each<[string, FaultInput, { kind: string; says: RegExp }]>([
  ['lists nothing although devices are known', { kind: 'empty-list' }, { kind: 'permanent', says: /no device at all/ }],
  ['ends its list early', { kind: 'truncated-list' }, { kind: 'permanent', says: /announced 95 devices and listed 20/ }],
  ['lets rows drop out between pages', { kind: 'shifting-list', by: -4 }, { kind: 'permanent', says: /announced/ }],
  ['answers with its login page', { kind: 'login-page' }, { kind: 'permanent', says: /login form/ }],
  ['sends clients to its login page', { kind: 'login-redirect' }, { kind: 'permanent', says: /login form/ }],
  ['answers 403', { kind: 'status', code: 403 }, { kind: 'denied', says: /may not/ }],
  ['cuts every body', { kind: 'cut-body', on: 'list' }, { kind: 'transient', says: /in the middle/ }],
  ['is busy for long', { kind: 'status', code: 503, retryAfter: '120' }, { kind: 'transient', says: /503/ }],
  ['talks nonsense', { kind: 'malformed-json', on: 'list' }, { kind: 'permanent', says: /JSON/ }],
  ['leads round in a circle', { kind: 'repeated-next' }, { kind: 'permanent', says: /leads back/ }],
  ['leads to another server', { kind: 'foreign-next' }, { kind: 'refused', says: /another address/ }],
])('a server that %s', (_, fault, { kind, says }) => {
  test('fails the gather with a remedy, and nothing known is lost', async () => {
    const side = await relaySide({ devices: 95 });
    await side.gather();
    side.server.setFaults([fault]);
    const { failed } = await side.gather();
    expect(failed?.problem).toMatchObject({ kind, what: expect.stringMatching(says) });
    expect(failed?.problem.remedy).not.toBe('');
    expect(side.cloud.told.map(({ type }) => type)).toEqual(['gatherFailed']);
    expect(side.relay.problems()).toEqual([expect.stringMatching(says)]);
    side.server.setFaults([]);
    const after = await side.gather();
    expect(side.cloud.receivedOf('gatherBegin')[0]?.scope).toBe('delta');
    expect([after.agreed, side.relay.problems()]).toEqual([true, []]);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });
});

test('the wait that a busy server asks for is reported', async () => {
  const side = await relaySide({ faults: [{ kind: 'status', code: 503, retryAfter: '120' }] });
  expect((await side.gather()).failed?.problem.retryAfterMs).toBe(120_000);
});

test('a server that does not exist is reported as unreachable', async () => {
  const side = await relaySide();
  await side.server.stop();
  expect((await side.gather()).failed?.problem).toMatchObject({ unreachable: true, kind: 'transient' });
});

test('a wrong password reaches the server once, with a remedy', async () => {
  const side = await relaySide({ devices: 200 });
  await side.gather();
  side.server.setPassword('another');
  const wrong = { ...side.server.credentials, password: 'pässwörd' };
  const again = await relaySide({ traveler: { baseUrl: side.server.url, credentials: async () => wrong } });
  const before = { ...side.server.counts.requests };
  const { failed } = await again.gather();
  expect(failed?.problem).toMatchObject({ kind: 'denied', remedy: expect.stringContaining('traveler.credentials') });
  const asked = Object.entries(side.server.counts.requests).map(([kind, count]) => count - (before[kind] ?? 0));
  expect(asked.reduce((sum, one) => sum + one, 0)).toBe(1);
  await again.gather();
  expect(Object.values(side.server.counts.requests).reduce((sum, one) => sum + one, 0)).toBe(
    Object.values(before).reduce((sum, one) => sum + one, 0) + 1,
  );
});

test('while rows cannot be read they are counted, and nothing is removed', async () => {
  const side = await relaySide({ devices: 95 });
  await side.gather();
  side.server.setFaults([{ kind: 'malformed-rows', every: 30 }]);
  const { agreed } = await side.gather();
  expect(side.cloud.receivedOf('gatherEnd')[0]?.totals).toMatchObject({ rejected: 4, devices: 91 });
  expect(side.cloud.receivedOf('gatherPart').flatMap(({ removed }) => removed)).toEqual([]);
  expect([agreed, side.cloud.rows.length]).toEqual([true, 95]);
  side.cloud.has(null);
  await side.gather();
  expect([side.cloud.receivedOf('gatherBegin')[0]?.scope, side.cloud.rows.length]).toEqual(['full', 95]);
});

describe('a full record that cannot be read', () => {
  test('leaves a known device unchanged, and is retried next time', async () => {
    const side = await relaySide({ devices: 95, requireApproval: true });
    await side.gather();
    const device = side.server.deviceAt(4);
    side.server.adminApprove(device);
    side.server.setFaults([{ kind: 'status', code: 400, on: 'detail', times: 1 }]);
    const { failed, agreed } = await side.gather({ detailRefreshHours: 1_000 });
    expect([failed, agreed]).toEqual([undefined, true]);
    await side.gather({ detailRefreshHours: 1_000 });
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('leaves a new device without one, which the cloud shows as unknown', async () => {
    const side = await relaySide({ devices: 95 });
    await side.gather();
    const fresh = side.server.arrive('Neu Ling/Acme');
    side.server.setFaults([{ kind: 'status', code: 400, on: 'detail', times: 1 }]);
    await side.gather({ detailRefreshHours: 1_000 });
    const row = side.cloud.rows.find(({ deviceId }) => deviceId === fresh.deviceId);
    expect(row?.detail).toBeNull();
    const { agreed } = await side.gather({ detailRefreshHours: 1_000 });
    expect(agreed).toBe(true);
    expect(shownTo(side.cloud)).toEqual(await shownBy(side.server));
  });

  test('fails the gather if a baseline needs it', async () => {
    const side = await relaySide({ devices: 95, faults: [{ kind: 'status', code: 400, on: 'detail', times: 1 }] });
    expect((await side.gather({ details: 'every' })).failed?.problem.kind).toBe('permanent');
  });

  test('fails the gather if there are many', async () => {
    const side = await relaySide({ devices: 95, faults: [{ kind: 'status', code: 400, on: 'detail' }] });
    expect((await side.gather()).failed?.problem.kind).toBe('permanent');
  });
});
