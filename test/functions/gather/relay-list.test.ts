import { afterAll, beforeAll, expect, test } from 'vitest';
import { deviceHash } from '#adapters/fingerprint';
import { gather } from '#functions/gather/gather';
import type { Peer } from '#functions/relay-socket/dependencies';
import { hours, minutes } from '#test/functions/gather/world';
import { type RelayedWorld, type Snapshot, startRelayedWorld } from '#test/functions/relay-socket/relayed-world';

let world: RelayedWorld;
let peer: Peer;
let first: Snapshot;
const none: Snapshot = new Map();

beforeAll(async () => {
  world = await startRelayedWorld({ devices: 45, settings: { requireApproval: 'server' } });
  peer = await world.enrol('r1');
  await world.hello(peer);
  world.gathers.length = 0;
  first = await world.readServer();
});
afterAll(() => world.stop());

/** The relevant facts of a device, without where and when it was read. */
const comparable = (devices: Awaited<ReturnType<RelayedWorld['devices']>>, sourceId: string) =>
  devices
    .filter((device) => device.sourceId === sourceId)
    .map(({ sourceId: _, observedAt, baselineRun, lastSync, ...rest }) => ({ ...rest, existing: baselineRun !== null }));

test('the first gather requests everything, and ends as a direct one', async () => {
  const { command, outcomes, run } = await world.round(peer, { id: 'first', before: none, after: first });
  expect(command).toMatchObject({ base: null, details: 'every', since: null });
  expect(outcomes).toContain('completed');
  expect(run).toMatchObject({ state: 'completed', baseline: true, counts: { devices: 45, added: 45, missing: 0 } });
  expect(await world.source()).toMatchObject({ relayDigest: world.digestOf(first), devices: 45, problem: null });
  await world.gather('direct');
  const devices = await world.devices();
  expect(comparable(devices, 'hq')).toEqual(comparable(devices, 'cloud'));
  expect(world.evaluationsOf('everyone')).toContainEqual(expect.objectContaining({ sourceId: 'hq' }));
});

test('without changes, a begin and an end are enough, and no device is written', async () => {
  world.clock.now += 15 * minutes;
  const before = comparable(await world.devices(), 'hq');
  const { command, run } = await world.round(peer, { id: 'unchanged', before: first, after: first });
  expect(command).toMatchObject({ base: world.digestOf(first), details: 'rotation' });
  expect(world.answerOf(command, { before: first, after: first })).toHaveLength(2);
  expect(run).toMatchObject({ state: 'completed', counts: { devices: 45, added: 0, changed: 0, missing: 0 } });
  expect(comparable(await world.devices(), 'hq')).toEqual(before);
});

test('a delta adds, changes and removes what the relay says, and keeps the rest', async () => {
  world.clock.now += 15 * minutes;
  const next = new Map(first);
  const [gone = '', changed = ''] = [...first.keys()];
  const row = first.get(changed);
  if (!row?.detail) throw new Error('the row has no full record');
  next.delete(gone);
  next.set(changed, { ...row, detail: { ...row.detail, approval: 'denied' }, detailAt: world.clock.now });
  next.set('0123456789abcdef', { ...row, user: 'New One/Acme', deviceId: 'Appl77', href: '/x', detailAt: world.clock.now });
  const [, added] = [...next].at(-1) ?? [];
  next.delete('0123456789abcdef');
  if (added) next.set(deviceHash(added), added);
  const { run } = await world.round(peer, { id: 'delta', before: first, after: next });
  expect(run?.counts).toMatchObject({ devices: 45, added: 1, changed: 1, missing: 1 });
  expect(await world.source()).toMatchObject({ relayDigest: world.digestOf(next) });
  const devices = (await world.devices()).filter(({ sourceId }) => sourceId === 'hq');
  expect(devices.filter(({ presence }) => presence === 'missing')).toHaveLength(1);
  expect(devices.find(({ deviceId, user }) => deviceId === row.deviceId && user === row.user)?.detail?.approval).toBe('denied');
  // Listed again, and unchanged.
  world.clock.now += 15 * minutes;
  const again = await world.round(peer, { id: 'back', before: next, after: first });
  expect(again.run?.counts).toMatchObject({ devices: 45, missing: 1 });
  expect((await world.devices()).find((device) => device.sourceId === 'hq' && device.returnedAt)).toBeDefined();
});

test('a named device with an unchanged row is compared with what is stored', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const [row] = first.values();
  if (!row?.detail) throw new Error('the row has no full record');
  const key = { sourceId: 'hq', user: row.user, deviceId: row.deviceId };
  const [stored] = (await world.dependencies.devices.read([key])).values();
  if (!stored?.detail) throw new Error('the device is not stored');
  // As an action left it, a moment before an administrator undid it.
  const blocked = { ...stored, detail: { ...stored.detail, approval: 'denied' as const }, observedAt: world.clock.now - 1000 };
  await world.dependencies.devices.update(stored, blocked, []);
  const message = { ...world.message('undone'), sourceId: 'hq' };
  await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  const [begin, end] = world.answerOf(world.lastCommand(), { before: first, after: first });
  if (begin?.type !== 'gatherBegin' || end?.type !== 'gatherEnd') throw new Error('more was told than a begin and an end');
  await world.say(peer, begin);
  const named = { ...row, detailAt: world.clock.now };
  await world.say(peer, { type: 'gatherPart', fence: begin.fence, runId: begin.runId, part: 0, devices: [named], removed: [] });
  await world.say(peer, { ...end, parts: 1 });
  expect(await world.queued()).toContain('completed');
  const [after] = (await world.dependencies.devices.read([key])).values();
  expect(after?.detail?.approval).toBe(row.detail.approval);
});

test('after a digest mismatch the next gather requests everything', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const message = { ...world.message('wrong'), sourceId: 'hq' };
  await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  for (const part of world.answerOf(world.lastCommand(), { before: first, after: first }))
    await world.say(peer, part.type === 'gatherEnd' ? { ...part, digest: 'ab'.repeat(32) } : part);
  expect(await world.queued()).toContain('completed');
  expect(await world.source()).toMatchObject({ relayDigest: null });
  const { command } = await world.round(peer, { id: 'healed', before: first, after: first });
  expect(command.base).toBeNull();
  expect(await world.source()).toMatchObject({ relayDigest: world.digestOf(first) });
});

test('lost parts are requested, and the run continues when they have arrived', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const message = { ...world.message('lost'), sourceId: 'hq' };
  await world.dependencies.sources.update('hq', { relayDigest: null });
  await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  const parts = world.answerOf(world.lastCommand(), { before: none, after: first, size: 10 });
  for (const one of parts) if (!(one.type === 'gatherPart' && one.part === 2)) await world.say(peer, one);
  expect(await world.queued()).toContain('waiting');
  expect(world.relay.said('resend').at(-1)).toMatchObject({ parts: [2] });
  for (const one of parts) if (one.type === 'gatherPart' && one.part === 2) await world.say(peer, one);
  expect(await world.queued()).toContain('completed');
});

test('parts that never arrive are requested a few times, then fail the run', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const message = { ...world.message('never'), sourceId: 'hq' };
  await world.dependencies.sources.update('hq', { relayDigest: null });
  await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  const parts = world.answerOf(world.lastCommand(), { before: none, after: first, size: 10 });
  const total = parts.filter(({ type }) => type === 'gatherPart').length;
  const resent = world.relay.said('resend').length;
  for (const one of parts) if (!(one.type === 'gatherPart' && one.part === 2)) await world.say(peer, one);
  const logged = world.logged.length;
  const outcomes = [await world.queued()];
  expect(await world.run(message.runId)).toMatchObject({ attempts: 0, partsRequests: 1 });
  expect(world.logged.slice(logged)).toContainEqual({
    level: 'warn',
    message: expect.stringContaining('missing'),
    fields: expect.objectContaining({ sourceId: 'hq', runId: message.runId, missing: 1, parts: total, requests: 1 }),
  });
  while (!outcomes.flat().includes('failed') && outcomes.length < 40) outcomes.push(await world.queued());
  expect(world.relay.said('resend').length - resent).toBe(10);
  expect(await world.run(message.runId)).toMatchObject({ state: 'failed', problem: { kind: 'transient', where: 'relay' } });
  expect((await world.run(message.runId))?.problem?.what).toContain(`1 of ${total} parts`);
  await world.round(peer, { id: 'after', before: none, after: first });
});

test('what the relay could not read fails the run and shows a remedy', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const message = { ...world.message('failed'), sourceId: 'hq' };
  await gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  const { runId, fence } = world.lastCommand();
  const problem = { kind: 'denied' as const, what: 'wrong password', where: 'device list', remedy: 'set it', unreachable: false };
  await world.say(peer, { type: 'gatherFailed', runId, fence, requests: 1, problem });
  expect(await world.queued()).toContain('failed');
  expect(await world.source()).toMatchObject({ problem: { kind: 'denied', where: 'relay: device list' } });
  expect((await world.source()).retryAt).toBe(world.clock.now + hours);
  await world.round(peer, { id: 'well', before: first, after: first });
  expect(await world.source()).toMatchObject({ problem: null, retryAt: null });
});

test('what was read before a later committed run is requested again', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const older = { ...world.message('older'), sourceId: 'hq' };
  await gather(world.dependencies)(older, { remainingMs: () => 900_000 });
  const stale = world.lastCommand();
  const without = new Map([...first].slice(1));
  // Reported completely, and not processed until the next one is requested, reported and committed first.
  for (const part of world.answerOf(stale, { before: first, after: without })) await world.say(peer, part);
  const waiting = world.gathers.splice(0).filter(({ message }) => message.told);
  world.clock.now += 3 * minutes;
  await world.round(peer, { id: 'newer', before: first, after: first });
  const committed = await world.source();
  expect(committed.lastRunId).toContain('newer');
  world.gathers.push(...waiting);
  expect(await world.queued()).toContain('dropped');
  expect(await world.source()).toEqual(committed);
  const requestedAgain = world.lastCommand();
  expect(requestedAgain.runId).not.toBe(stale.runId);
  for (const part of world.answerOf(requestedAgain, { before: first, after: first })) await world.say(peer, part);
  expect(await world.queued()).toContain('completed');
  expect(await world.run(older.runId)).toMatchObject({ state: 'completed', counts: { devices: 45, missing: 0 } });
});

test('while the relay reads one run, another waits for its turn', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const [one, other] = ['by a person', 'by the schedule'].map((id) => ({ ...world.message(id), sourceId: 'hq' }));
  if (!one || !other) throw new Error('two messages were made');
  const ask = (message: typeof one) => gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  await ask(one);
  const command = world.lastCommand();
  expect(await ask(other)).toBe('waiting');
  expect(world.lastCommand()).toBe(command);
  for (const part of world.answerOf(command, { before: first, after: first })) await world.say(peer, part);
  // What was reported is processed, and the other one has its turn.
  await world.queued();
  await world.queued();
  expect(await world.run(one.runId)).toMatchObject({ state: 'completed' });
  expect(world.lastCommand().runId).toContain(other.runId);
  // A relay that has lost it is not waited for.
  const third = { ...world.message('by hand'), sourceId: 'hq' };
  expect(await ask(third)).toBe('waiting');
  world.clock.now += 3 * minutes;
  await world.ping(peer);
  expect(await ask(third)).toBe('dropped');
  expect(world.lastCommand().runId).toContain(third.runId);
  for (const part of world.answerOf(world.lastCommand(), { before: first, after: first })) await world.say(peer, part);
  await world.queued();
  expect(await world.run(third.runId)).toMatchObject({ state: 'completed' });
});

test('a run is not requested twice from a live relay, but again after takeover', async () => {
  world.clock.now += 15 * minutes;
  await world.ping(peer);
  const message = { ...world.message('takeover'), sourceId: 'hq' };
  const ask = () => gather(world.dependencies)(message, { remainingMs: () => 900_000 });
  await ask();
  const one = world.lastCommand();
  await ask();
  expect(world.lastCommand()).toBe(one);
  const second = await world.enrol('r2');
  world.clock.now += 31_000;
  await world.say(second, { type: 'ping', fence: null, problems: [] });
  await world.queued();
  const other = world.lastCommand();
  expect(other.fence).toBeGreaterThan(one.fence);
  expect(other.runId).not.toBe(one.runId);
  // The first relay is back and reports what was requested of it: acknowledged, and dropped.
  for (const part of world.answerOf(one, { before: first, after: none })) await world.say(peer, part);
  expect(await world.queued()).not.toContain('completed');
  for (const part of world.answerOf(other, { before: first, after: first })) await world.say(second, part);
  expect(await world.queued()).toContain('completed');
  expect((await world.source()).devices).toBe(45);
});
