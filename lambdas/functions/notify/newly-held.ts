/**
 * Searches the journal for newly held devices, a bounded part at a time. The cursor is saved after each page until the first held
 * device, so that an interrupted run repeats only what follows.
 */
import pMap from 'p-map';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { ChainStore } from '#adapters/dynamodb/journal/hash-chain';
import type { NoticeCursor, NoticeStore } from '#adapters/dynamodb/journal/notices';
import type { ChainEntry } from '#domain/journal/hash-chain';
import { type HeldDevice, stillHeld } from '#domain/outbound/notice';

export type SearchDependencies = {
  chain: Pick<ChainStore, 'readChain' | 'readChainBack'>;
  devices: Pick<DeviceStore, 'getDevice'>;
  notices: Pick<NoticeStore, 'move'>;
  now: () => number;
};
/** `until`: no page is read after this time, epoch ms. `lines`: maximum number of lines that a run reads. */
export type SearchLimits = { until: number; lines: number };
/**
 * `cursor`: as stored. `seq`: the last line read, to be saved together with the digest about `held`. `more`: a limit was
 * reached.
 */
export type SearchResult = { cursor: NoticeCursor; held: HeldDevice[]; seq: number; more: boolean };

const linesOnPage = 500;
/** How many of the newest lines are searched for the place to begin. */
const mostLinesBack = 10_000;

/** Continues the search from the cursor. */
export async function newlyHeld(
  deps: SearchDependencies,
  sourceId: string,
  { cursor: from, limits }: { cursor: NoticeCursor; limits: SearchLimits },
): Promise<SearchResult> {
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

/** Where the first search begins: after the newest page whose lines are all older than `since` (epoch ms). */
export async function firstSeq({ chain }: Pick<SearchDependencies, 'chain'>, sourceId: string, since: number): Promise<number> {
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
  { devices }: Pick<SearchDependencies, 'devices'>,
  { line: { sourceId, user, deviceId, data } }: ChainEntry,
  since: number,
): Promise<HeldDevice | null> {
  if (user === null || deviceId === null) return null;
  const held = stillHeld(await devices.getDevice({ sourceId, user, deviceId }), data.heldSince);
  return held === null || held.heldSince < since ? null : held;
}
