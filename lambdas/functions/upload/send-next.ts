/**
 * The next request of one source's upload. Modes of a cursor: nothing sent yet (a snapshot comes first), sending changes, sending
 * a snapshot.
 *
 * Invariants: the range to send is stored in the cursor before it is sent, so that a retry has the same key; the cursor moves
 * only after the portal has accepted it; a device is read after its journal line, so that a later change has a later line and is
 * sent with that.
 */
import pMap from 'p-map';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { ChainReader } from '#adapters/dynamodb/journal/hash-chain';
import type { UploadCursor, UploadStore } from '#adapters/dynamodb/journal/uploads';
import type { Portal } from '#adapters/portal/portal';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { ChainEntry } from '#domain/journal/hash-chain';
import { devicesPerBatch, uploaded } from '#domain/outbound/upload';

export type SendDependencies = {
  chain: ChainReader;
  devices: Pick<DeviceStore, 'getDevice' | 'listDevices'>;
  uploads: Pick<UploadStore, 'move'>;
  portal: Pick<Portal, 'put'>;
  now: () => number;
};
export type Sent = { cursor: UploadCursor; outcome: 'sent' | 'nothing-to-send'; devices: number };

/** How often the whole list is sent, ms: this repairs any drift. */
export const snapshotEveryMs = 24 * 3_600_000;
/** How far the listing's index may lag behind the journal, ms. */
const indexLagMs = 10_000;

export async function sendNext(deps: SendDependencies, sourceId: string, cursor: UploadCursor): Promise<Sent> {
  if (cursor.snapshot !== null) return sendSnapshotPart(deps, sourceId, { cursor, snapshot: cursor.snapshot });
  if (cursor.lastSnapshotAt === null) return beginSnapshot(deps, sourceId, cursor);
  const sent = await sendChanges(deps, sourceId, cursor);
  const due = deps.now() - cursor.lastSnapshotAt >= snapshotEveryMs;
  return sent.outcome === 'nothing-to-send' && due ? beginSnapshot(deps, sourceId, cursor) : sent;
}

async function sendChanges(deps: SendDependencies, sourceId: string, given: UploadCursor): Promise<Sent> {
  const fromSeq = given.seq + 1;
  const limit = given.pendingTo === null ? devicesPerBatch : given.pendingTo - given.seq;
  const { entries } = await deps.chain.readChain(sourceId, { fromSeq, limit });
  const toSeq = entries.at(-1)?.seq;
  if (toSeq === undefined) return { cursor: given, outcome: 'nothing-to-send', devices: 0 };
  const keys = changedDevices(entries);
  if (keys.length === 0) {
    const cursor = await deps.uploads.move(sourceId, given, { seq: toSeq, pendingTo: null });
    return { cursor, outcome: 'sent', devices: 0 };
  }
  const pending = given.pendingTo === null ? await deps.uploads.move(sourceId, given, { pendingTo: toSeq }) : given;
  const found = await pMap(keys, deps.devices.getDevice, { concurrency: 16 });
  const devices = found.filter((device): device is Device => device !== null).map(uploaded);
  await deps.portal.put({ kind: 'changes', sourceId, fromSeq, toSeq, devices });
  const at = deps.now();
  const cursor = await deps.uploads.move(sourceId, pending, { seq: toSeq, pendingTo: null, lastUploadAt: at, trouble: null });
  return { cursor, outcome: 'sent', devices: devices.length };
}

/** Each device once, in the order of its last line. A notice by mail does not change a device. */
function changedDevices(entries: readonly ChainEntry[]): DeviceKey[] {
  const last = new Map<string, DeviceKey>();
  for (const { line } of entries) {
    const { sourceId, user, deviceId, kind } = line;
    if (user === null || deviceId === null || kind === 'notice') continue;
    const name = `${user}\u0000${deviceId}`;
    last.delete(name);
    last.set(name, { sourceId, user, deviceId });
  }
  return [...last.values()];
}

/** Determines what a snapshot covers: all but the newest lines, which are sent (again) after it. */
async function beginSnapshot(deps: SendDependencies, sourceId: string, given: UploadCursor): Promise<Sent> {
  const { seq: head } = await deps.chain.head(sourceId);
  const { entries } = await deps.chain.readChain(sourceId, { fromSeq: Math.max(1, head - devicesPerBatch + 1) });
  const at = deps.now();
  const fresh = entries.findIndex(({ line }) => line.at > at - indexLagMs);
  const newest = fresh === -1 ? undefined : entries[fresh];
  const upToSeq = newest === undefined ? (entries.at(-1)?.seq ?? head) : newest.seq - 1;
  const snapshot = { id: `${sourceId}-${at}`, part: 1, cursor: null, upToSeq };
  const cursor = await deps.uploads.move(sourceId, given, { snapshot, pendingTo: null });
  return sendSnapshotPart(deps, sourceId, { cursor, snapshot });
}

type Snapshot = NonNullable<UploadCursor['snapshot']>;

async function sendSnapshotPart(
  deps: SendDependencies,
  sourceId: string,
  { cursor: given, snapshot }: { cursor: UploadCursor; snapshot: Snapshot },
): Promise<Sent> {
  const { id: snapshotId, part, upToSeq } = snapshot;
  const from = snapshot.cursor === null ? {} : { cursor: snapshot.cursor };
  const page = await deps.devices.listDevices({ source: sourceId, limit: devicesPerBatch, ...from }, [sourceId]);
  const last = page.cursor === null;
  const devices = page.devices.map(uploaded);
  await deps.portal.put({ kind: 'snapshot', sourceId, snapshotId, part, last, upToSeq, devices });
  const at = deps.now();
  const accepted = { lastUploadAt: at, trouble: null };
  const change = last
    ? { ...accepted, snapshot: null, lastSnapshotAt: at, seq: upToSeq }
    : { ...accepted, snapshot: { ...snapshot, part: part + 1, cursor: page.cursor } };
  return { cursor: await deps.uploads.move(sourceId, given, change), outcome: 'sent', devices: devices.length };
}
