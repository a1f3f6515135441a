import { describe, expect, test } from 'vitest';
import type { TravelerSource } from '#adapters/traveler/source';
import { connected, failureOf, named } from './connected.ts';

const shown = async (source: TravelerSource, href: string) => {
  const found = await source.detail(href);
  return found === 'gone' ? found : { approval: found.detail.approval, access: found.detail.access, wipe: found.detail.wipe };
};

describe('writing to a server', () => {
  test('the approval of a waiting device shows when it is read back', async () => {
    const { server, source } = await connected({ requireApproval: true, deniedShare: 0 });
    const device = server.deviceAt(0);
    expect(await shown(source, device.href)).toMatchObject({ approval: 'pending' });
    expect(await source.approve(device.href, { liftDenial: false })).toBe('accepted');
    expect(await shown(source, device.href)).toEqual({ approval: 'approved', access: 'allow', wipe: 'none' });
    expect(server.effects.map(({ body, device: to, method }) => ({ body, to, method }))).toEqual([
      { method: 'PUT', body: { approval_policy: 2 }, to: { user: device.user, deviceId: device.deviceId } },
    ]);
  });

  test('a block denies access, and one approving write restores it', async () => {
    const { server, source } = await connected();
    const { href } = server.deviceAt(2);
    await source.block(href);
    expect(await shown(source, href)).toMatchObject({ approval: 'denied', access: 'deny' });
    await source.approve(href, { liftDenial: true });
    expect(await shown(source, href)).toMatchObject({ approval: 'approved', access: 'allow' });
    expect(server.effects.map((effect) => effect.body)).toEqual([
      { approval_policy: 8, access_status: 1 },
      { approval_policy: 2, access_status: 0 },
    ]);
  });

  test('allow lifts the block and leaves the approval unchanged', async () => {
    const { server, source } = await connected();
    const { href } = server.deviceAt(2);
    await source.block(href);
    await source.allow(href);
    expect(await shown(source, href)).toMatchObject({ approval: 'denied', access: 'allow' });
  });

  test('a wipe is requested and carried out, or cancelled before', async () => {
    const { server, source } = await connected();
    const device = server.deviceAt(2);
    await source.wipe(device.href, ['device', 'storage-card']);
    expect(server.effects[0]?.body).toEqual({ requested_wipe_options: 'wipeDevice/wipeStorageCard' });
    expect(await shown(source, device.href)).toMatchObject({ wipe: 'requested' });
    await source.cancelWipe(device.href);
    expect(await shown(source, device.href)).toMatchObject({ wipe: 'none' });
    await source.wipe(device.href, ['apps']);
    server.completeWipe(device);
    expect(await shown(source, device.href)).toMatchObject({ wipe: 'wiped' });
  });

  test('a wipe without targets is never sent: it would read as a cancellation', async () => {
    const { server, source } = await connected();
    expect((await failureOf(source.wipe(server.deviceAt(0).href, []))).kind).toBe('invalid');
    expect(server.effects).toEqual([]);
  });

  test('a removed device is gone for every later write', async () => {
    const { server, source } = await connected();
    const { href } = server.deviceAt(9);
    expect(await source.remove(href)).toBe('accepted');
    expect(server.deviceCount).toBe(99);
    expect(await source.remove(href)).toBe('gone');
    expect(await source.block(href)).toBe('gone');
    expect(await source.approve(href, { liftDenial: false })).toBe('gone');
  });

  test('a server that answers OK and does nothing is detected by reading back', async () => {
    const { server, source } = await connected({ requireApproval: true, deniedShare: 0, faults: [{ kind: 'ignored-writes' }] });
    const { href } = server.deviceAt(0);
    expect(await source.approve(href, { liftDenial: false })).toBe('accepted');
    expect(await shown(source, href)).toMatchObject({ approval: 'pending' });
  });

  test('a write whose answer is lost is unknown and is not retried', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'lost-answer', on: 'write' }] });
    const { href } = server.deviceAt(0);
    expect((await failureOf(source.block(href))).kind).toBe('unknown');
    expect(server.effects).toHaveLength(1);
    expect(await shown(source, href)).toMatchObject({ approval: 'denied' });
  });

  test.each(['empty-body', 'cut-body'] as const)('a write answered with %s is unknown', async (kind) => {
    const { server, source } = await connected({ faults: [{ kind, on: 'write' }] });
    expect((await failureOf(source.block(server.deviceAt(0).href))).kind).toBe('unknown');
    expect(server.counts.requests.write).toBe(1);
  });

  test.each([500, 502, 503, 504])('a write that is answered %i is not retried and is unknown', async (code) => {
    const { server, source } = await connected({ faults: [{ kind: 'status', code, on: 'write', retryAfter: '7' }] });
    const failure = await failureOf(source.block(server.deviceAt(3).href));
    expect(failure).toMatchObject({
      kind: 'unknown',
      retryAfterMs: 7_000,
      problem: { remedy: expect.stringMatching(/read back/) },
    });
    expect(source.requests).toBe(1);
  });

  test('a write that a busy server rejected is retried', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'status', code: 449, on: 'write', times: 2 }] });
    expect(await source.block(server.deviceAt(0).href)).toBe('accepted');
    expect(server.effects).toHaveLength(1);
  });

  test('a write without the rights for it is denied at once', async () => {
    const { server, source } = await connected({ faults: [{ kind: 'status', code: 403, on: 'write' }] });
    expect((await failureOf(source.block(server.deviceAt(0).href))).kind).toBe('denied');
    expect(server.counts.requests.write).toBe(1);
  });

  test('switching approval on at the server leaves the notified people unchanged', async () => {
    const { server, source } = await connected();
    expect(await source.writeSettings({ requireApproval: true, devicesBeforeApproval: 2 })).toBe('written');
    expect(server.settings).toEqual({
      require_approval: true,
      devices_before_approval: 2,
      approval_notify: ['traveler-admins@acme.example'],
    });
    expect(await source.serverFacts()).toMatchObject({ requiresApproval: true, devicesBeforeApproval: 2 });
  });

  test('odd ids are written to by href, without touching other devices', async () => {
    const { server, source } = await connected({ devices: 14, faults: [{ kind: 'odd-names', every: 1 }] });
    for (let index = 0; index < 14; index++) await source.block(server.deviceAt(index).href);
    expect(server.effects.map(({ device }) => (device ? named(device) : null))).toEqual(
      Array.from({ length: 14 }, (_, index) => named(server.deviceAt(index))),
    );
  });
});
