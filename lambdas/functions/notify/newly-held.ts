/**
 * Looks through the journal for newly held devices, a bounded part at a time. The cursor is saved after each page in which
 * nobody is held, so that a run that is cut off repeats only what it found.
 */
import pMap from 'p-map';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { ChainStore } from '#adapters/dynamodb/journal/hash-chain';
import type { NoticeCursor, NoticeStore } from '#adapters/dynamodb/journal/notices';
import type { ChainEntry } from '#domain/journal/hash-chain';
import { type HeldDevice, stillHeld } from '#domain/outbound/notice';

export type LookDependencies = {
  chain: Pick<ChainStore, 'readChain' | 'readChainBack'>;
  devices: Pick<DeviceStore, 'getDevice'>;
  notices: Pick<NoticeStore, 'move'>;
  now: () => number;
};
/** `until`: epoch ms at which no further page is read. `lines`: how many lines a run looks through at most. */
export type LookLimits = { until: number; lines: number };
/** `cursor`: as stored. `seq`: the last line looked at, to be saved with what is done about `held`. `more`: a limit was reached. */
export type Looked = { cursor: NoticeCursor; held: HeldDevice[]; seq: number; more: boolean };

const linesOnPage = 500;
/** How many of the newest lines are looked through for the place to begin. */
const mostLinesBack = 10_000;

/** Looks on from the cursor. */
export async function newlyHeld(
  deps: LookDependencies,
  sourceId: string,
  { cursor: from, limits }: { cursor: NoticeCursor; limits: LookLimits },
): Promise<Looked> {
  const held: HeldDevice[] = [];
  let [cursor, seq] = [from, from.seq];
  for (let read = 0; read < limits.lines && deps.now() < limits.until; ) {
    const limit = Math.min(linesOnPage, limits.lines - read);
    const { entries } = await deps.chain.readChain(sourceId, { fromSeq: seq + 1, limit });
    const last = entries.at(-1);
    if (last === undefined) return { cursor, held, seq, more: false };
    const found = await pMap(entries.filter(isQuarantine), (entry) => holding(deps, entry, cursor.since), { concurrency: 16 });
    held.push(...found.filter((one): one is HeldDevice => one !== null));
    seq = last.seq;
    read += entries.length;
    if (held.length === 0) cursor = await deps.notices.move(sourceId, cursor, { seq });
  }
  return { cursor, held, seq, more: true };
}

/** Where the first look begins: behind the last line that is older than `since` (epoch ms), with all lines of its page. */
export async function firstSeq({ chain }: Pick<LookDependencies, 'chain'>, sourceId: string, since: number): Promise<number> {
  let fromSeq: number | undefined;
  for (let read = 0; read < mostLinesBack; read += linesOnPage) {
    const { entries, nextSeq } = await chain.readChainBack(sourceId, { fromSeq, limit: linesOnPage });
    const newest = entries[0];
    if (newest === undefined) return 0;
    if (entries.every(({ line }) => line.at < since)) return newest.seq;
    if (nextSeq === null) return 0;
    fromSeq = nextSeq;
  }
  return fromSeq ?? 0;
}

const isQuarantine = ({ line }: ChainEntry) => line.kind === 'quarantined';

async function holding(
  { devices }: Pick<LookDependencies, 'devices'>,
  { line: { sourceId, user, deviceId, data } }: ChainEntry,
  since: number,
): Promise<HeldDevice | null> {
  if (user === null || deviceId === null) return null;
  const held = stillHeld(await devices.getDevice({ sourceId, user, deviceId }), data.heldSince);
  return held === null || held.heldSince < since ? null : held;
}
