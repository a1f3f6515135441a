/** A cloud for a relay under test: accepts messages as the protocol requires, applies them to a store, and shows what it has. */
import { deviceHash, gatherDigest } from '#adapters/fingerprint';
import type { ListedDevice } from '#domain/devices/device';
import { packEntries } from '#domain/gather/manifest';
import { rowFingerprint } from '#domain/gather/row-fingerprint';
import {
  type GatherCommand,
  gatherCommand,
  longestMessageBytes,
  type RelayedDevice,
  readToCloud,
  relayedDevice,
  type ToCloud,
} from '#domain/relay/relay-protocol';
import type { Link, OutgoingMessage } from '../../../relay/ports.ts';

type Gathered<T extends ToCloud['type']> = Extract<ToCloud, { type: T }>;
type Staged = { begin: Gathered<'gatherBegin'> | null; parts: Map<number, Gathered<'gatherPart'>> };

export type Cloud = ReturnType<typeof cloud>;

/** `commits`: whether a complete run is committed, or lost before that. */
export function cloud(options: { commits?: () => boolean; latency?: () => Promise<unknown> } = {}) {
  let store = new Map<string, RelayedDevice>();
  let digest: string | null = null;
  let n = 0;
  const received: ToCloud[] = [];
  const mentioned: ToCloud[] = [];
  const bytes: number[] = [];
  const staged = new Map<string, Staged>();
  const disagreements: string[] = [];
  const underWay = { now: 0, most: 0 };

  /** As it arrives over the wire. */
  function onTheWire(given: OutgoingMessage): ToCloud {
    const text = JSON.stringify({ ...given, n: ++n, fence: 7 });
    if (Buffer.byteLength(text) > longestMessageBytes) throw new Error(`A ${given.type} of ${Buffer.byteLength(text)} bytes`);
    bytes.push(Buffer.byteLength(text));
    const read = readToCloud(text);
    if (read.read !== 'message') throw new Error(`OutgoingMessage what is no message: ${JSON.stringify(read)}`);
    return read.message;
  }

  function receive(message: ToCloud): void {
    received.push(message);
    if (!('runId' in message)) return;
    const run = staged.get(message.runId) ?? { begin: null, parts: new Map() };
    staged.set(message.runId, run);
    if (message.type === 'gatherBegin') Object.assign(run, { begin: message, parts: new Map() });
    if (message.type === 'gatherPart') keepPart(run, message);
    if (message.type === 'gatherEnd' && (options.commits?.() ?? true)) commit(run, message);
  }

  function keepPart({ parts }: Staged, message: Gathered<'gatherPart'>): void {
    const before = parts.get(message.part);
    const content = ({ devices, removed }: Gathered<'gatherPart'>) => JSON.stringify({ devices, removed });
    if (before && content(before) !== content(message)) throw new Error(`Part ${message.part} came with other content`);
    parts.set(message.part, message);
  }

  function commit({ begin, parts }: Staged, end: Gathered<'gatherEnd'>): void {
    if (begin === null) throw new Error('An end without a beginning');
    const missing = Array.from({ length: end.parts }, (_, part) => part).filter((part) => !parts.has(part));
    if (missing.length > 0) throw new Error(`Parts are missing: ${missing}`);
    if (begin.scope === 'delta' && begin.base !== digest) throw new Error('A difference to what the cloud does not have');
    const after = begin.scope === 'full' ? new Map<string, RelayedDevice>() : new Map(store);
    for (const [, part] of [...parts].sort(([a], [b]) => a - b)) {
      for (const row of part.devices) after.set(deviceHash(row), relayedDevice.parse(row));
      for (const hash of part.removed) if (!after.delete(hash)) throw new Error('Removed what the cloud does not have');
    }
    store = after;
    digest = digestOf(after.values());
    if (digest !== end.digest) disagreements.push(end.runId);
  }

  const link: Link = {
    async deliver(message, { signal } = {}) {
      signal?.throwIfAborted();
      underWay.most = Math.max(underWay.most, ++underWay.now);
      const arrived = onTheWire(message);
      await options.latency?.();
      underWay.now--;
      signal?.throwIfAborted();
      receive(arrived);
    },
    mention: (message) => void mentioned.push(onTheWire(message)),
    held: () => ({ fence: 7 }),
    cloudNow: () => Date.now(),
  };

  return {
    ...{ link, told: received, mentioned, bytes, disagreements, underWay },
    get rows() {
      return [...store.values()];
    },
    get digest() {
      return digest;
    },
    /** Drops or replaces what it has, to act as another cloud. */
    has(rows: Iterable<RelayedDevice> | null) {
      store = new Map([...(rows ?? [])].map((row) => [deviceHash(row), row]));
      digest = rows === null ? null : digestOf(store.values());
    },
    receivedOf: <T extends ToCloud['type']>(type: T) => received.filter((one): one is Gathered<T> => one.type === type),
    clear() {
      received.length = 0;
      mentioned.length = 0;
      bytes.length = 0;
    },
    command(runId: string, given: Partial<GatherCommand> = {}): GatherCommand {
      return gatherCommand.parse({
        ...{ type: 'gather', n: ++n, fence: 7, runId, base: digest, details: 'rotation' },
        ...{ detailRefreshHours: 24, lastSyncEveryHours: 24, since: null, startedAt: 0, ...given },
      });
    },
  };
}

export const digestOf = (rows: Iterable<ListedDevice>): string =>
  gatherDigest(packEntries([...rows].map((row) => [deviceHash(row), rowFingerprint(row)])));
