/**
 * The gather's world with a source behind a relay: the socket function on the same stores, and a relay that reads the simulator
 * and reports it as the protocol requires, from a snapshot in memory.
 */
import { deviceHash, gatherDigest } from '#adapters/fingerprint';
import { listedDevice } from '#domain/devices/device';
import { packEntries } from '#domain/gather/manifest';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import {
  type ActionMessage,
  actionMessage,
  evaluationMessage,
  type GatherMessage,
  gatherMessage,
} from '#domain/messages/queue-messages';
import { type GatherCommand, protocol, type RelayedDevice, type ToCloud } from '#domain/relay/relay-protocol';
import { gather } from '#functions/gather/gather';
import type { Peer, RelaySocketDependencies } from '#functions/relay-socket/dependencies';
import { receive } from '#functions/relay-socket/receive';
import { startWorld } from '#test/functions/gather/world';

type Unnumbered = ToCloud extends infer M ? (M extends { n: number } ? Omit<M, 'n'> : never) : never;
export type Snapshot = Map<string, RelayedDevice>;

export const facts = {
  version: '1.0.0',
  hostname: 'domino1',
  platform: 'linux x64',
  reads: 'rest',
  acts: 'command',
  problems: [],
};

export async function startRelayedWorld(options: NonNullable<Parameters<typeof startWorld>[0]> = {}) {
  const world = await startWorld(options);
  const { relay, dependencies, clock } = world;
  const socketLog: Record<string, unknown>[] = [];
  const actions: ActionMessage[] = [];
  /** As SQS does within five minutes. */
  const accepted = new Set<string>();
  let ignored = 0;
  const socket: RelaySocketDependencies = {
    ...{ configuration: world.configuration, relays: relay.relays, leases: relay.leases, relayRuns: relay.relayRuns },
    ...{ runs: { ...dependencies.runs, ...world.runs }, sources: dependencies.sources, timeline: world.timelineStore },
    ...{ gathers: dependencies.gathers, evaluations: dependencies.evaluations },
    actions: {
      async send(messages) {
        for (const { body, deduplication = '', group } of messages) {
          if (group === undefined || accepted.has(deduplication)) continue;
          accepted.add(deduplication);
          actions.push(actionMessage.parse(body));
        }
      },
    },
    ignored: () => void ignored++,
    post: relay.post,
    cut: relay.cutOff,
    prove: async ({ challenge }) => `proof of ${challenge}`,
    now: () => clock.now,
    random: () => 0.5,
    log: (level, says, fields) => socketLog.push({ level, says, ...fields }),
  };
  let n = 0;

  async function enrol(relayId: string, connectionId = `${relayId}-1`): Promise<Peer> {
    const never = {
      enrolledAt: null,
      revokedAt: null,
      revokedBy: null,
      connectionId: null,
      connectedAt: null,
      lastHeardAt: null,
    };
    const unknownFacts = { hostname: null, platform: null, version: null, protocol: null, reads: null, acts: null };
    const base = {
      relayId,
      sourceId: 'hq',
      createdAt: clock.now,
      createdBy: 'ann',
      keys: [],
      problems: [],
      tokenUntil: clock.now,
    };
    await relay.relays.invite({ ...base, ...never, ...unknownFacts, tokenHash: `hash of ${relayId}` });
    await relay.relays.enrol(relayId, `hash of ${relayId}`, { enrolledAt: clock.now, tokenHash: null });
    await relay.relays.connected(relayId, { connectionId, sourceId: 'hq', at: clock.now, until: clock.now + 1 });
    return { relayId, sourceId: 'hq', connectionId };
  }
  const say = (peer: Peer, message: Unnumbered) => receive(socket, peer, JSON.stringify({ n: ++n, ...message }));
  const hello = (peer: Peer, given: Partial<Extract<ToCloud, { type: 'hello' }>> = {}) =>
    say(peer, {
      ...{ type: 'hello', relayId: peer.relayId, sourceId: peer.sourceId, protocol: protocol.current },
      ...{ challenge: 'a challenge of some length', gatherDigest: null, facts },
      ...given,
    });

  /** Keeps, or takes, the lease. What follows from it is ignored. */
  async function ping(peer: Peer): Promise<void> {
    const lease = await relay.leases.read('hq');
    await say(peer, { type: 'ping', fence: lease?.holder === peer.relayId ? lease.fence : null, problems: [] });
    world.gathers.length = 0;
  }

  /** Every device of the simulator, with its full record, as a relay reads it. */
  async function readServer(): Promise<Snapshot> {
    const snapshot: Snapshot = new Map();
    for await (const { devices } of world.traveler.pages())
      for (const row of devices) {
        const found = await world.traveler.detail(row.href);
        const detail = found === 'gone' ? null : found.detail;
        const { detailAt: _, ...listed } = row;
        snapshot.set(deviceHash(row), { ...listedDevice.parse({ ...listed, detail }), detailAt: detail && clock.now });
      }
    return snapshot;
  }
  const digestOf = (snapshot: Snapshot) =>
    gatherDigest(
      packEntries([...snapshot].map(([hash, { detailAt: _, ...row }]) => [hash, rowFingerprint(listedDevice.parse(row))])),
    );

  /** What a command leads to, reported in parts of `size` rows: against `before` where that is its base, else everything. */
  function answerOf(
    command: GatherCommand,
    { before, after, size = 20 }: { before: Snapshot; after: Snapshot; size?: number },
  ): Unnumbered[] {
    const delta = command.base !== null && command.base === digestOf(before);
    const same = (hash: string, row: RelayedDevice) =>
      JSON.stringify({ ...before.get(hash), detailAt: 0, lastSync: 0 }) === JSON.stringify({ ...row, detailAt: 0, lastSync: 0 });
    const rows = [...after].filter(([hash, row]) => !delta || !same(hash, row)).map(([, row]) => row);
    const removed = delta ? [...before.keys()].filter((hash) => !after.has(hash)) : [];
    const { runId, fence, details } = command;
    const parts = Math.ceil(Math.max(rows.length, removed.length) / size);
    const totals = {
      devices: after.size,
      totalRecords: after.size,
      rejected: 0,
      pages: 1,
      details: details === 'every' ? after.size : rows.length,
      requests: 3,
    };
    return [
      { type: 'gatherBegin', fence, runId, scope: delta ? 'delta' : 'full', base: command.base, server: world.serverFacts },
      ...Array.from({ length: parts }, (_, part) => ({
        ...{ type: 'gatherPart' as const, fence, runId, part },
        devices: rows.slice(part * size, (part + 1) * size),
        removed: removed.slice(part * size, (part + 1) * size),
      })),
      { type: 'gatherEnd', fence, runId, parts, totals, digest: digestOf(after) },
    ];
  }

  /** Works off the gather queue, each message once, whenever it is due. */
  async function gathers(): Promise<string[]> {
    const outcomes: string[] = [];
    for (const { message } of world.gathers.splice(0))
      outcomes.push(await gather(dependencies)(message, { remainingMs: () => 900_000 }));
    return outcomes;
  }
  const lastCommand = () => {
    const command = relay.said('gather').at(-1);
    if (!command) throw new Error('the relay was asked for nothing');
    return command;
  };

  /** A whole gather: requested, reported, and processed. */
  async function round(peer: Peer, { id, before, after }: { id: string; before: Snapshot; after: Snapshot }) {
    await ping(peer);
    const message: GatherMessage = gatherMessage.parse({ ...world.message(id), sourceId: 'hq' });
    await gather(dependencies)(message, { remainingMs: () => 900_000 });
    const command = lastCommand();
    for (const message of answerOf(command, { before, after })) await say(peer, message);
    const outcomes = await gathers();
    return { command, outcomes, run: await world.run(message.runId) };
  }
  return {
    ...world,
    get ignored() {
      return ignored;
    },
    ...{
      socket,
      socketLog,
      actions,
      enrol,
      say,
      ping,
      hello,
      readServer,
      digestOf,
      answerOf,
      queued: gathers,
      lastCommand,
      round,
    },
    source: () => dependencies.sources.read('hq'),
    evaluationsOf: (kind: string) =>
      world.evaluations.map((one) => evaluationMessage.parse(one)).filter((one) => one.kind === kind),
  };
}
export type RelayedWorld = Awaited<ReturnType<typeof startRelayedWorld>>;
