/**
 * Hours without a network between a relay and its cloud, by a clock that is advanced by hand: the real worker, the socket's
 * function and the relay's real acting half on a simulated server.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStore } from '#adapters/dynamodb/gather/runs';
import type { Action, ActionType } from '#domain/actions/action';
import { evaluationMessage } from '#domain/messages/queue-messages';
import { type ActionCommand, toCloud } from '#domain/relay/relay-protocol';
import type { Peer, RelaySocketDependencies } from '#functions/relay-socket/dependencies';
import { receive } from '#functions/relay-socket/receive';
import { manualQueue } from '#test/fixtures/manual-queue';
import { aRequest, newDevice, type Spine, startSpine } from '#test/fixtures/spine';
import { hours, minutes } from '#test/functions/gather/world';
import { quietLog } from '#test/relay/quiet-log';
import { relayActions } from '../../../relay/actions/relay-actions.ts';
import { sourceOf } from '../../../relay/domino/device-writes.ts';
import { restWrites } from '../../../relay/domino/rest-writes.ts';
import { memoryJournal } from '../../../relay/journal/memory-journal.ts';
import type { Link, OutgoingMessage } from '../../../relay/ports.ts';
import { restReads } from '../../../relay/sources/rest-reads.ts';
import { facts, type RelayedWorld, startRelayedWorld } from './relayed-world.ts';

const hq = 'hq';

test('after eight hours open actions go out once, within seconds; expired ones do not', async () => {
  const spine = await startSpine({ settings: { requireApproval: 'off' } });
  try {
    const peer = await enrolled(spine);
    const socket = socketOn(spine);
    const relay = relayOn(spine, { peer, socket });
    const phones = Array.from({ length: 12 }, (_, phone) => ({ user: `Outage ${phone}/Acme`, deviceId: `ApplOUT${phone}` }));
    for (const phone of phones) await register(spine, phone);
    await relay.returns();
    await spine.runUntilIdle({ forMs: 1_000 });

    // The network fails; the lease expires.
    spine.clock.now += hours;
    const still: string[] = [];
    const expired: string[] = [];
    for (const [index, phone] of phones.entries()) {
      const brief = index % 3 === 0;
      // A block that expired would be requested again: its decision is still in effect.
      const type = brief || index % 2 === 1 ? 'remove' : 'block';
      const id = await ask(spine, { ...phone, type, lasts: brief ? 2 * hours : 48 * hours });
      (brief ? expired : still).push(id);
      await spine.runUntilIdle({ forMs: 20 * minutes });
    }
    spine.clock.now += 8 * hours;
    await spine.runUntilIdle({ forMs: 1_000 });
    expect(spine.relay.said('action')).toEqual([]);
    expect(spine.simulator.effects).toEqual([]);

    // It is back.
    const back = spine.clock.now;
    await relay.returns();
    await relay.works(still.length);
    expect(spine.clock.now - back).toBeLessThan(5_000);
    for (const id of still) expect((await read(spine, id)).state, id).toBe('confirmed');
    await spine.runUntilIdle({ forMs: minutes });
    for (const id of expired) expect((await read(spine, id)).state, id).toBe('expired');
    const carried = new Set(spine.relay.said('action').map(({ actionId }) => actionId));
    expect([...carried].sort()).toEqual([...still].sort());
    expect(spine.simulator.effects).toHaveLength(still.length);
  } finally {
    await spine.stop();
  }
}, 120_000);

async function enrolled({ relay, clock }: Spine): Promise<Peer> {
  const never = { enrolledAt: null, revokedAt: null, revokedBy: null, connectionId: null, connectedAt: null, lastHeardAt: null };
  const unknownFacts = { hostname: null, platform: null, version: null, protocol: null, reads: null, acts: null };
  const record = { relayId: 'r1', sourceId: hq, createdAt: clock.now, createdBy: 'ann', keys: [], problems: [] };
  await relay.relays.invite({ ...record, ...never, ...unknownFacts, tokenUntil: clock.now, tokenHash: 'a hash' });
  await relay.relays.enrol('r1', 'a hash', { enrolledAt: clock.now, tokenHash: null });
  return { relayId: 'r1', sourceId: hq, connectionId: 'r1-1' };
}

function socketOn(spine: Spine): RelaySocketDependencies {
  const { relay, clock, client, tables } = spine;
  return {
    configuration: { sources: [{ id: hq, kind: 'traveler', enforcement: 'server' }], gatherEveryMinutes: 15 },
    ...{ relays: relay.relays, leases: relay.leases, relayRuns: relay.relayRuns },
    runs: runStore(client, tables.control, tables.journal),
    ...{ sources: spine.sources, timeline: spine.timeline, actions: spine.actions },
    gathers: manualQueue(() => clock.now),
    // Over the wire, as the function itself sends them.
    evaluations: {
      send: (messages) => spine.evaluations.send(messages.map((one) => ({ ...one, body: evaluationMessage.parse(one.body) }))),
    },
    ...{ post: relay.post, cut: relay.cutOff },
    ignored: () => undefined,
    prove: async () => 'a proof',
    now: () => clock.now,
    random: () => 0.5,
    log: () => undefined,
  };
}

/**
 * The relay’s acting half at the end of the socket: it receives what was posted to its connection, and reports over the function.
 */
function relayOn(spine: Spine, { peer, socket }: { peer: Peer; socket: RelaySocketDependencies }) {
  let n = 0;
  let received = 0;
  let reported = 0;
  let fence: number | null = null;
  const say = (message: object) => receive(socket, peer, JSON.stringify(toCloud.parse({ n: ++n, ...message })));
  const link: Link = {
    async deliver(message: OutgoingMessage) {
      await say({ ...message, fence });
      if (message.type === 'actionResult') reported += 1;
    },
    mention: () => undefined,
    held: () => (fence === null ? null : { fence }),
    cloudNow: () => spine.clock.now,
  };
  const source = sourceOf(restReads(spine.traveler), restWrites(spine.traveler, { timeoutMs: 50 }));
  const acting = relayActions({ source, journal: memoryJournal(), log: quietLog, now: () => spine.clock.now });
  const commands = (): ActionCommand[] => {
    const fresh = spine.relay.posted.slice(received).map(({ message }) => message);
    received = spine.relay.posted.length;
    return fresh.filter((message): message is ActionCommand => message.type === 'action');
  };
  return {
    async returns() {
      await say({ type: 'hello', ...peer, protocol: 2, challenge: 'a challenge of some length', gatherDigest: null, facts });
      fence = (await spine.relay.leases.read(hq))?.fence ?? null;
    },
    /** Until that many results were reported and acknowledged. */
    async works(count: number) {
      for (let round = 0; round < 200 && (reported < count || spine.actions.size > 0); round++) {
        await spine.runUntilIdle({ forMs: 10 });
        for (const command of commands()) await acting.act(command, link);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(reported).toBe(count);
    },
  };
}

async function register(spine: Spine, { user, deviceId }: { user: string; deviceId: string }): Promise<void> {
  const { href } = spine.simulator.arrive(user, { kind: 'ios-mail', deviceId });
  const found = await spine.traveler.detail(href);
  if (found === 'gone') throw new Error('the device is not on the server');
  await spine.put({ ...newDevice({ ...found, user, baselineRun: null, now: spine.clock.now }), sourceId: hq });
}

type Asked = { user: string; deviceId: string; type: ActionType; lasts: number };
async function ask(spine: Spine, { user, deviceId, type, lasts }: Asked): Promise<string> {
  const device = await spine.actDependencies.devices.read({ sourceId: hq, user, deviceId });
  if (!device) throw new Error('the device is not stored');
  const requestedAt = spine.clock.now;
  await spine.ask(aRequest(device, { actionId: `${type} ${deviceId}`, type, requestedAt, expiresAt: requestedAt + lasts }));
  return `${type} ${deviceId}`;
}
async function read(spine: Spine, actionId: string): Promise<Action> {
  const found = await spine.ledger.read(actionId);
  if (!found) throw new Error(`no action ${actionId}`);
  return found;
}

let world: RelayedWorld;
beforeAll(async () => {
  world = await startRelayedWorld({ devices: 45, settings: { requireApproval: 'server' } });
});
afterAll(() => world.stop());

test('after hours of gathers without a relay, one delta catches up with all changes', async () => {
  const peer = await world.enrol('r1');
  await world.hello(peer);
  world.gathers.length = 0;
  const before = await world.readServer();
  await world.round(peer, { id: 'before', before: new Map(), after: before });
  const asked = world.relay.said('gather').length;

  for (let hour = 0; hour < 8; hour++) {
    world.clock.now += hours;
    world.simulator.arrive(`Arrived ${hour}/Acme`, { kind: 'ios-mail' });
    world.gathers.push({ message: { ...world.message(`missed-${hour}`), sourceId: hq } });
    await world.queued();
    world.gathers.length = 0;
  }
  expect(world.relay.said('gather')).toHaveLength(asked);
  expect((await world.source()).devices).toBe(45);
  const known = await world.readServer();

  await world.hello(peer, { gatherDigest: world.digestOf(before) });
  expect(world.relay.said('welcome').at(-1)?.wants).toBe('delta');
  await world.queued();
  const commands = world.relay.said('gather').slice(asked);
  expect(commands).toHaveLength(1);
  const [command] = commands;
  if (!command) throw new Error('nothing was asked');
  expect(command.base).toBe(world.digestOf(before));
  const answer = world.answerOf(command, { before, after: known });
  expect(answer.flatMap((message) => (message.type === 'gatherPart' ? message.devices : []))).toHaveLength(8);
  world.gathers.length = 0;
  for (const message of answer) await world.say(peer, message);
  expect(await world.queued()).toContain('completed');
  expect(await world.source()).toMatchObject({ devices: 53, problem: null, relayDigest: world.digestOf(known) });
});
