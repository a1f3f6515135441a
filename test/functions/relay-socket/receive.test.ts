/** What each message of a relay leads to, on real stores; connections and queues are kept for inspection. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { askedAs } from '#domain/gather/relayed-run';
import { closeCodes, heartbeat, protocol, type ToCloud, type ToRelay } from '#domain/relay/relay-protocol';
import { connect, disconnect } from '#functions/relay-socket/connection';
import type { Peer } from '#functions/relay-socket/dependencies';
import { receive } from '#functions/relay-socket/receive';
import { facts, type RelayedWorld, startRelayedWorld } from './relayed-world.ts';

let world: RelayedWorld;
let peer: Peer;
let other: Peer;
let count = 0;

beforeAll(async () => {
  world = await startRelayedWorld({ devices: 3 });
});
beforeEach(async () => {
  // Any lease of an earlier test has expired.
  world.clock.now += 10 * 60_000;
  const id = ++count;
  peer = await world.enrol(`r${id}`);
  other = await world.enrol(`s${id}`);
  for (const kept of [world.relay.posted, world.relay.cut, world.gathers, world.evaluations, world.actions, world.socketLog])
    kept.length = 0;
});
afterAll(() => world.stop());

const saidTo = <T extends ToRelay['type']>(to: Peer, type: T) =>
  world.relay.posted
    .filter(({ connectionId }) => connectionId === to.connectionId)
    .map(({ message }) => message)
    .filter((message): message is Extract<ToRelay, { type: T }> => message.type === type);
const last = <M>(of: readonly M[]): M => {
  const found = of.at(-1);
  if (found === undefined) throw new Error('it was not said');
  return found;
};
const relayOf = async ({ relayId }: Peer) => {
  const relay = await world.relay.relays.read(relayId);
  if (!relay) throw new Error('no such relay');
  return relay;
};
const lines = async () => (await world.timelineStore.readSource('hq')).map(({ kind, says }) => `${kind}: ${says}`);
const fenceOf = async () => (await world.relay.leases.read('hq'))?.fence ?? 0;
const ping = (of: Peer, fence: number | null, problems: string[] = []) => world.say(of, { type: 'ping', fence, problems });
const target = { sourceId: 'hq', user: 'Jane Doe/Acme', deviceId: 'ApplONE' };

test('hello: the proof answers its challenge, the lease is taken, facts are stored', async () => {
  await world.hello(peer, { challenge: 'the challenge of this connection' });
  const welcome = last(saidTo(peer, 'welcome'));
  expect(welcome).toMatchObject({
    ...{ protocol: protocol.current, proof: 'proof of the challenge of this connection', wants: 'full', advice: null },
    lease: { held: true, until: world.clock.now + heartbeat.leaseMs, now: world.clock.now },
  });
  expect(await relayOf(peer)).toMatchObject({
    ...{ version: facts.version, hostname: facts.hostname, platform: facts.platform, reads: 'rest', acts: 'command' },
    ...{ connectionId: peer.connectionId, lastHeardAt: world.clock.now, protocol: protocol.current },
  });
  expect(world.evaluationsOf('resume')).toHaveLength(1);
  const said = await lines();
  expect(said.filter((line) => line.startsWith('relay-connected'))).not.toEqual([]);
  expect(said.some((line) => line.includes(`Relay ${peer.relayId} reads and acts`))).toBe(true);
});

test('hello with the digest that the cloud has: a delta is enough', async () => {
  const gatherDigest = 'a'.repeat(64);
  await world.dependencies.sources.update('hq', { relayDigest: gatherDigest });
  await world.hello(peer, { gatherDigest });
  expect(last(saidTo(peer, 'welcome')).wants).toBe('delta');
  await world.hello(peer, { gatherDigest: 'b'.repeat(64) });
  expect(last(saidTo(peer, 'welcome')).wants).toBe('full');
});

test.each([
  ['another relay than its key says', { relayId: 'somebody-else' }],
  ['another source than it was enrolled for', { sourceId: 'cloud' }],
])('hello as %s: rejected and asked to enrol again, without a lease', async (_, given) => {
  await world.hello(peer, given);
  expect(last(saidTo(peer, 'goodbye'))).toMatchObject({ code: closeCodes.enrolAgain });
  expect(last(saidTo(peer, 'goodbye')).reason).toMatch(/Enrol it again/);
  expect(world.relay.cut).toEqual([peer.connectionId]);
  expect(saidTo(peer, 'welcome')).toEqual([]);
  expect((await world.relay.leases.read('hq'))?.holder).not.toBe(peer.relayId);
});

test('a second relay is accepted without the lease, and learns when it ends', async () => {
  await world.hello(peer);
  await world.hello(other);
  expect(last(saidTo(other, 'welcome')).lease).toMatchObject({ held: false, until: world.clock.now + heartbeat.leaseMs });
  expect(world.evaluationsOf('resume')).toHaveLength(1);
});

test('ping renews the lease, answers by its number, and stores what is degraded', async () => {
  await world.hello(peer);
  const fence = await fenceOf();
  world.clock.now += heartbeat.everyMs;
  await ping(peer, fence, ['The console is not running.']);
  expect(last(saidTo(peer, 'pong'))).toMatchObject({
    lease: { held: true, fence, until: world.clock.now + heartbeat.leaseMs },
  });
  expect(last(saidTo(peer, 'pong')).answers).toBeGreaterThan(0);
  expect(await relayOf(peer)).toMatchObject({ lastHeardAt: world.clock.now, problems: ['The console is not running.'] });
});

test("another's ping leaves the lease, and takes it with a new number on expiry", async () => {
  await world.hello(peer);
  await world.hello(other);
  const fence = await fenceOf();
  world.clock.now += heartbeat.leaseMs - 1;
  await ping(other, null);
  expect(last(saidTo(other, 'pong')).lease).toMatchObject({ held: false, fence });
  world.clock.now += 1;
  world.evaluations.length = 0;
  await ping(other, null);
  expect(last(saidTo(other, 'pong')).lease).toMatchObject({ held: true, fence: fence + 1 });
  expect(world.evaluationsOf('resume')).toHaveLength(1);
  await ping(peer, fence);
  expect(last(saidTo(peer, 'pong')).lease).toMatchObject({ held: false, fence: fence + 1 });
});

test('goodbye releases the lease, and a standby relay gets it at once', async () => {
  await world.hello(peer);
  await world.hello(other);
  const fence = await fenceOf();
  await world.say(peer, { type: 'goodbye', reason: 'restart' });
  expect(saidTo(other, 'lease')).toHaveLength(1);
  expect(saidTo(peer, 'lease')).toEqual([]);
  await ping(other, null);
  expect(last(saidTo(other, 'pong')).lease).toMatchObject({ held: true, fence: fence + 1 });
});

test('goodbye of a connection that is only replaced keeps the lease', async () => {
  await world.hello(peer);
  await world.say(peer, { type: 'goodbye', reason: 'hand-over' });
  expect(await world.relay.leases.read('hq')).toMatchObject({ holder: peer.relayId, until: world.clock.now + heartbeat.leaseMs });
});

test.each([
  ['no JSON', 'not { json'],
  ['no type', '{"n":1}'],
  ['a known type with a field that is wrong', '{"type":"ping","n":1,"fence":"all"}'],
  ['nothing', null],
])('%s is counted, reported by field and never by content, and ignored', async (_, text) => {
  await world.hello(peer);
  const before = { ignored: world.ignored, posted: world.relay.posted.length };
  await receive(world.socket, peer, text);
  expect(world.ignored).toBe(before.ignored + 1);
  expect(world.relay.posted).toHaveLength(before.posted);
  expect(JSON.stringify(world.socketLog)).not.toContain('"all"');
});

test('an unknown type is counted and ignored, and the connection stays open', async () => {
  await world.hello(peer);
  const before = world.ignored;
  await receive(world.socket, peer, JSON.stringify({ type: 'weather', n: 77, degrees: 12 }));
  expect(world.ignored).toBe(before + 1);
  expect(world.relay.cut).toEqual([]);
  await ping(peer, await fenceOf());
  expect(saidTo(peer, 'pong')).toHaveLength(1);
});

test('a relay revoked while connected is closed at its next message, which is ignored', async () => {
  await world.hello(peer);
  await world.relay.relays.update(peer.relayId, { revokedAt: world.clock.now, revokedBy: 'ann' });
  const posted = world.relay.posted.length;
  await ping(peer, await fenceOf());
  expect(world.relay.cut).toEqual([peer.connectionId]);
  expect(world.relay.posted).toHaveLength(posted);
});

test('a repeated result goes to the action queue once, and is acknowledged each time', async () => {
  await world.hello(peer);
  const result: ToCloud = {
    ...{ type: 'actionResult', n: 4_000, fence: await fenceOf(), actionId: 'a-1', attempt: 1, target },
    outcome: { how: 'gone', started: true },
    took: { toWrite: 1, total: 2 },
  };
  for (let time = 0; time < 2; time++) await receive(world.socket, peer, JSON.stringify(result));
  expect(world.actions).toHaveLength(1);
  expect(world.actions[0]).toMatchObject({ ...target, actionId: 'a-1', result: { relayId: peer.relayId, attempt: 1 } });
  expect(saidTo(peer, 'ack').map(({ acks }) => acks)).toEqual([[4_000], [4_000]]);
});

test('a result counts only for the source of its relay', async () => {
  await world.hello(peer);
  await world.say(peer, {
    ...{ type: 'actionResult', fence: await fenceOf(), actionId: 'a-2', attempt: 1, target: { ...target, sourceId: 'cloud' } },
    outcome: { how: 'gone', started: true },
    took: { toWrite: 1, total: 2 },
  });
  expect(world.actions.map(({ sourceId }) => sourceId)).toEqual(['hq']);
});

test('written settings request a gather; repeated, it is the same one', async () => {
  await world.hello(peer);
  world.gathers.length = 0;
  for (let time = 0; time < 2; time++)
    await world.say(peer, {
      ...{ type: 'settingsResult', fence: await fenceOf(), wishId: `wish-${count}` },
      outcome: { how: 'written', server: world.serverFacts },
    });
  expect(new Set(world.gathers.map(({ message }) => message.runId)).size).toBe(1);
  expect(world.gathers[0]?.message).toMatchObject({ sourceId: 'hq', reason: 'settings' });
});

test('settings that could not be written are in the journal, with a remedy', async () => {
  await world.hello(peer);
  world.gathers.length = 0;
  const problem = { kind: 'denied' as const, what: 'Not allowed', where: 'rest', remedy: 'Give the account the right.' };
  await world.say(peer, {
    ...{ type: 'settingsResult', fence: await fenceOf(), wishId: `bad-${count}` },
    outcome: { how: 'failed', problem: { ...problem, unreachable: false } },
  });
  expect(world.gathers).toEqual([]);
  expect((await lines())[0]).toMatch(/^notice: .*could not be set: Not allowed \(rest\)\. Give the account the right\.$/);
});

test('progress is shown on a running gather, and does not change an ended one', async () => {
  await world.hello(peer);
  const message = world.message(`progress-${count}`, 'hq');
  await world.runs.request(message);
  const stored = await world.run(message.runId);
  if (!stored) throw new Error('no run');
  const report = (devices: number) =>
    world.say(peer, {
      ...{ type: 'gatherProgress', fence: 1, runId: askedAs(message.runId, 1) },
      ...{ devices, details: 5, detailsWanted: 10 },
    });
  await world.runs.update(stored, { state: 'running', startedAt: world.clock.now });
  await report(7);
  expect((await world.run(message.runId))?.counts).toMatchObject({ devices: 7, details: 5, detailsWanted: 10 });
  await world.runs.update(stored, { state: 'completed', finishedAt: world.clock.now });
  await report(9);
  expect((await world.run(message.runId))?.counts.devices).not.toBe(9);
});

test('a gather report from a relay without the lease is acknowledged and dropped', async () => {
  await world.hello(peer);
  await world.hello(other);
  world.gathers.length = 0;
  await world.say(other, {
    ...{ type: 'gatherFailed', fence: await fenceOf(), runId: askedAs('some-run', 1), requests: 1 },
    problem: { kind: 'busy', what: 'Busy', where: 'traveler', remedy: 'Wait.', unreachable: false },
  });
  expect(saidTo(other, 'ack')).toHaveLength(1);
  expect(world.gathers).toEqual([]);
});

test('acknowledgements are counted against what was sent', async () => {
  await world.hello(peer);
  await world.say(peer, { type: 'ack', acks: [1, 2, 3] });
  expect((await world.relay.leases.read('hq'))?.acked).toBeGreaterThanOrEqual(3);
});

test('a closed connection is a journal line, once; an older one’s end is not', async () => {
  await world.hello(peer);
  await disconnect(world.socket, { ...peer, connectionId: 'an-older-one' }, 'closed');
  expect(await relayOf(peer)).toMatchObject({ connectionId: peer.connectionId });
  for (let time = 0; time < 2; time++) await disconnect(world.socket, peer, 'closed');
  expect(await relayOf(peer)).toMatchObject({ connectionId: null });
  expect((await lines()).filter((line) => line.startsWith('relay-disconnected'))).toHaveLength(1);
});

test('a relay revoked since its authorisation is rejected as it connects', async () => {
  expect(await connect(world.socket, peer)).toBe(true);
  await world.relay.relays.update(peer.relayId, { revokedAt: world.clock.now, revokedBy: 'ann' });
  expect(await connect(world.socket, peer)).toBe(false);
});

test('a protocol that is too old is reported in words and by code', async () => {
  await world.hello(peer, { protocol: 0, facts: { ...facts, version: '0.0.9' } });
  expect(last(saidTo(peer, 'goodbye'))).toMatchObject({ code: closeCodes.tooOld });
  expect(last(saidTo(peer, 'goodbye')).reason).toMatch(/0\.0\.9.*protocol 0.*Install the present release/);
  expect(world.relay.cut).toEqual([peer.connectionId]);
});

test('a relay of a later release speaks this protocol, and its extras are ignored', async () => {
  const helloMessage = { type: 'hello', n: 1, relayId: peer.relayId, sourceId: 'hq', protocol: protocol.current + 1 };
  const later = {
    challenge: 'a challenge of some length',
    gatherDigest: null,
    facts: { ...facts, colour: 'blue' },
    mood: 'good',
  };
  await receive(world.socket, peer, JSON.stringify({ ...helloMessage, ...later }));
  expect(last(saidTo(peer, 'welcome'))).toMatchObject({ protocol: protocol.current, advice: null, lease: { held: true } });
  await receive(world.socket, peer, JSON.stringify({ type: 'ping', n: 2, fence: await fenceOf(), tide: 'high' }));
  expect(saidTo(peer, 'pong')).toHaveLength(1);
});
