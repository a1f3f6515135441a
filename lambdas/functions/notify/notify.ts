/**
 * Tells the addresses in `notify` of newly held devices: one digest a source and minute at most.
 *
 * The journal has one `quarantined` line for each episode of being held, and its chain has each line once: so a cursor over the
 * chain meets every episode exactly once. The digest is settled in the same write that moves the cursor, marked as `sending`
 * before SES is asked, and as `sent` after. Found `sending`, a process was killed in between: nobody knows whether SES has it,
 * and as nobody is to be told twice it is not sent again; the status says so.
 */
import pMap from 'p-map';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { LeaseStore } from '#adapters/dynamodb/gather/leases';
import type { ChainReader } from '#adapters/dynamodb/journal/hash-chain';
import type { Digest, NoticeCursor, NoticeStore } from '#adapters/dynamodb/journal/notices';
import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import { mostRecipients, type SendMail } from '#adapters/mail';
import { problemOf, ServiceFailure } from '#adapters/service-failure';
import type { ChainEntry } from '#domain/journal/hash-chain';
import { type HeldDevice, stillHeld } from '#domain/outbound/notice';
import type { SettingsVersion } from '#domain/quarantine/settings';
import { noticeMail } from './notice-mail.ts';

export type NotifyDependencies = {
  sourceIds: readonly string[];
  consoleUrl: string;
  chain: ChainReader;
  devices: Pick<DeviceStore, 'getDevice'>;
  notices: NoticeStore;
  settings: { current(sourceId: string): Promise<Pick<SettingsVersion, 'settings'>> };
  timeline: Pick<TimelineStore, 'append'>;
  leases: Pick<LeaseStore, 'acquire' | 'release'>;
  send: SendMail;
  now: () => number;
};
export type Notified = { sourceId: string; outcome: 'sent' | 'nothing-new' | 'waits' | 'failed'; devices: number };

const minute = 60_000;
const leaseName = 'mail|notices';
/** As long as the function may run at most. */
const leaseMs = 2 * minute;
/** At the first look, who was held longer ago is no news any more. */
const newsMs = 60 * minute;
/** Devices that a mail names; it counts the others. */
const mostNamed = 100;
const restMs = 15 * minute;

export function notify(deps: NotifyDependencies) {
  return async (): Promise<Notified[]> => {
    const lease = await deps.leases.acquire(leaseName, { now: deps.now(), lengthMs: leaseMs });
    if (lease === null) return [];
    try {
      const done: Notified[] = [];
      for (const sourceId of deps.sourceIds) done.push(await notifyOf(deps, sourceId));
      return done;
    } finally {
      await deps.leases.release(leaseName, lease.fence, { now: deps.now(), clean: true });
    }
  };
}

async function notifyOf(deps: NotifyDependencies, sourceId: string): Promise<Notified> {
  const at = deps.now();
  let cursor = (await deps.notices.read(sourceId)) ?? begin(at);
  if (cursor.digest?.state === 'sending') cursor = await deps.notices.move(sourceId, cursor, forgotten(cursor.digest, at));
  if (cursor.digest?.state === 'sent') cursor = await conclude(deps, sourceId, { cursor, digest: cursor.digest });
  if (cursor.digest === null) {
    if (cursor.lastDigestAt !== null && at - cursor.lastDigestAt < minute) return { sourceId, outcome: 'waits', devices: 0 };
    cursor = await compose(deps, sourceId, cursor);
  }
  if (cursor.digest === null) return { sourceId, outcome: 'nothing-new', devices: 0 };
  if (cursor.notBefore > at) return { sourceId, outcome: 'waits', devices: 0 };
  return deliver(deps, sourceId, { cursor, digest: cursor.digest });
}

const begin = (at: number): NoticeCursor => ({
  revision: 0,
  seq: 0,
  since: at - newsMs,
  digest: null,
  lastDigestAt: null,
  notBefore: 0,
  problem: null,
});

/** Looks through what the journal has got since; settles a digest if somebody is to be told of something. */
async function compose(deps: NotifyDependencies, sourceId: string, cursor: NoticeCursor): Promise<NoticeCursor> {
  const { held, seq } = await newlyHeld(deps, sourceId, cursor);
  if (seq === cursor.seq) return cursor;
  const { notify: to } = (await deps.settings.current(sourceId)).settings;
  if (to.length === 0 || held.length === 0) return deps.notices.move(sourceId, cursor, { seq });
  const at = deps.now();
  const digest: Digest = {
    id: `${sourceId}|${cursor.seq + 1}-${seq}`,
    state: 'due',
    at,
    to: to.slice(0, mostRecipients),
    devices: held.slice(0, mostNamed),
    more: Math.max(0, held.length - mostNamed),
  };
  return deps.notices.move(sourceId, cursor, { seq, digest, lastDigestAt: at });
}

async function newlyHeld(deps: NotifyDependencies, sourceId: string, cursor: NoticeCursor) {
  const held: HeldDevice[] = [];
  let seq = cursor.seq;
  for (;;) {
    const { entries } = await deps.chain.readChain(sourceId, { fromSeq: seq + 1, limit: 500 });
    const last = entries.at(-1);
    if (last === undefined) return { held, seq };
    const found = await pMap(entries.filter(isQuarantine), (entry) => holding(deps, entry, cursor.since), { concurrency: 16 });
    held.push(...found.filter((one): one is HeldDevice => one !== null));
    seq = last.seq;
  }
}

const isQuarantine = ({ line }: ChainEntry) => line.kind === 'quarantined';

async function holding(
  { devices }: Pick<NotifyDependencies, 'devices'>,
  { line: { sourceId, user, deviceId, data } }: ChainEntry,
  since: number,
): Promise<HeldDevice | null> {
  if (user === null || deviceId === null) return null;
  const held = stillHeld(await devices.getDevice({ sourceId, user, deviceId }), data.heldSince);
  return held === null || held.heldSince < since ? null : held;
}

type OnItsWay = { cursor: NoticeCursor; digest: Digest };

async function deliver(deps: NotifyDependencies, sourceId: string, { cursor, digest }: OnItsWay): Promise<Notified> {
  const { devices, more, to } = digest;
  const mail = await noticeMail({ sourceId, devices, more, consoleUrl: deps.consoleUrl });
  const sending = await deps.notices.move(sourceId, cursor, { digest: { ...digest, state: 'sending' } });
  try {
    await deps.send({ ...mail, to });
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    const at = deps.now();
    const problem = problemOf(error, { where: 'Notice of held devices', at });
    const lost = error.kind === 'unknown';
    const notBefore = at + (error.kind === 'permanent' ? restMs : minute);
    await deps.notices.move(sourceId, sending, { digest: lost ? null : digest, notBefore: lost ? 0 : notBefore, problem });
    return { sourceId, outcome: 'failed', devices: devices.length };
  }
  const sent = { ...digest, state: 'sent' as const };
  const noted = await deps.notices.move(sourceId, sending, { digest: sent, problem: null });
  await conclude(deps, sourceId, { cursor: noted, digest: sent });
  return { sourceId, outcome: 'sent', devices: devices.length + more };
}

/** Writes it into the timeline of each device that it names. */
async function conclude(deps: NotifyDependencies, sourceId: string, { cursor, digest }: OnItsWay): Promise<NoticeCursor> {
  const { id, at, to } = digest;
  const says = `A notice that this device is held was mailed to ${to.length === 1 ? 'one address' : `${to.length} addresses`}.`;
  const line = { at, id: `notice|${id}`, kind: 'notice' as const, says, data: { to, digest: id } };
  await pMap(digest.devices, (device) => deps.timeline.append(device, [line]), { concurrency: 16 });
  return deps.notices.move(sourceId, cursor, { digest: null, notBefore: 0 });
}

function forgotten({ at, devices, more }: Digest, now: number): Partial<NoticeCursor> {
  const when = new Date(at).toISOString();
  return {
    digest: null,
    problem: {
      kind: 'unknown',
      what: `The notice of ${when} about ${devices.length + more} held devices was cut off while it was sent: it may have arrived or not`,
      where: 'Notice of held devices',
      remedy: 'It is not sent again, so that nobody is told twice. The devices that wait are in the console.',
      at: now,
    },
  };
}
