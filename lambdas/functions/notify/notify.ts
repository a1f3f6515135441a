/**
 * Notifies the addresses in `notify` of newly held devices: at most one digest per source and minute.
 *
 * The journal has one `quarantined` line for each hold, and its chain has each line once: so a cursor over the chain finds every
 * hold exactly once. The digest is stored in the same write that moves the cursor, marked as `sending` before SES is called, and
 * as `sent` after. When it is found as `sending`, a process was killed in between and it is unknown whether SES has it: since
 * nobody may be notified twice, it is not sent again; the status says so.
 */
import pMap from 'p-map';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { LeaseStore } from '#adapters/dynamodb/gather/leases';
import type { ChainStore } from '#adapters/dynamodb/journal/hash-chain';
import type { Digest, NoticeCursor, NoticeStore } from '#adapters/dynamodb/journal/notices';
import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import { mostRecipients, type SendMail } from '#adapters/mail';
import { problemOf, ServiceFailure } from '#adapters/service-failure';
import type { SettingsVersion } from '#domain/quarantine/settings';
import { firstSeq, newlyHeld, type SearchLimits } from './newly-held.ts';
import { noticeMail } from './notice-mail.ts';

export type NotifyDependencies = {
  sourceIds: readonly string[];
  consoleUrl: string;
  chain: Pick<ChainStore, 'readChain' | 'readChainBack'>;
  devices: Pick<DeviceStore, 'getDevice'>;
  notices: NoticeStore;
  settings: { current(sourceId: string): Promise<Pick<SettingsVersion, 'settings'>> };
  timeline: Pick<TimelineStore, 'append'>;
  leases: Pick<LeaseStore, 'acquire' | 'release'>;
  send: SendMail;
  now: () => number;
};
/** `more`: a limit was reached before the end of the journal; the next run continues. */
export type Notified = { sourceId: string; outcome: 'sent' | 'nothing-new' | 'more' | 'waits' | 'failed'; devices: number };

const minute = 60_000;
const leaseName = 'mail|notices';
/** The function's longest run time. */
const leaseMs = 2 * minute;
/** The first search ignores devices that were held longer ago. */
const firstSearchMs = 60 * minute;
/** Lines of a source's journal that one run searches. */
const mostLines = 5_000;
/** Devices that a mail names; it only counts the others. */
const mostNamed = 100;
const restMs = 15 * minute;

/** `until`: no page of the journal is read after this time, epoch ms; `lines`: per source's journal. The next run continues. */
export function notify(deps: NotifyDependencies) {
  return async ({ until = Number.POSITIVE_INFINITY, lines = mostLines }: Partial<SearchLimits> = {}): Promise<Notified[]> => {
    const lease = await deps.leases.acquire(leaseName, { now: deps.now(), lengthMs: leaseMs });
    if (lease === null) return [];
    try {
      const done: Notified[] = [];
      for (const sourceId of deps.sourceIds) done.push(await notifyOf(deps, sourceId, { until, lines }));
      return done;
    } finally {
      await deps.leases.release(leaseName, lease.fence, { now: deps.now(), clean: true });
    }
  };
}

async function notifyOf(deps: NotifyDependencies, sourceId: string, limits: SearchLimits): Promise<Notified> {
  const at = deps.now();
  let cursor = (await deps.notices.read(sourceId)) ?? (await begin(deps, sourceId, at));
  let more = false;
  if (cursor.digest?.state === 'sending') cursor = await deps.notices.move(sourceId, cursor, abandoned(cursor.digest, at));
  if (cursor.digest?.state === 'sent') cursor = await recordSent(deps, sourceId, { cursor, digest: cursor.digest });
  if (cursor.digest === null) {
    if (cursor.lastDigestAt !== null && at - cursor.lastDigestAt < minute) return { sourceId, outcome: 'waits', devices: 0 };
    ({ cursor, more } = await compose(deps, sourceId, { cursor, limits }));
  }
  if (cursor.digest === null) return { sourceId, outcome: more ? 'more' : 'nothing-new', devices: 0 };
  if (cursor.notBefore > at) return { sourceId, outcome: 'waits', devices: 0 };
  return deliver(deps, sourceId, { cursor, digest: cursor.digest });
}

/** The first search begins an hour back; the place is saved, so that it is determined only once. */
async function begin(deps: NotifyDependencies, sourceId: string, at: number): Promise<NoticeCursor> {
  const since = at - firstSearchMs;
  const cursor = { revision: 0, seq: 0, since, digest: null, lastDigestAt: null, notBefore: 0, problem: null };
  const seq = await firstSeq(deps, sourceId, since);
  return seq === 0 ? cursor : deps.notices.move(sourceId, cursor, { seq });
}

/** Searches a part of the new lines of the journal; stores a digest if somebody must be notified. */
async function compose(
  deps: NotifyDependencies,
  sourceId: string,
  { cursor: before, limits }: { cursor: NoticeCursor; limits: SearchLimits },
): Promise<{ cursor: NoticeCursor; more: boolean }> {
  const { cursor, held, seq, more } = await newlyHeld(deps, sourceId, { cursor: before, limits });
  if (seq === cursor.seq) return { cursor, more };
  const { notify: to } = (await deps.settings.current(sourceId)).settings;
  if (to.length === 0) return { cursor: await deps.notices.move(sourceId, cursor, { seq }), more };
  const at = deps.now();
  const digest: Digest = {
    id: `${sourceId}|${cursor.seq + 1}-${seq}`,
    state: 'due',
    at,
    to: to.slice(0, mostRecipients),
    devices: held.slice(0, mostNamed),
    more: Math.max(0, held.length - mostNamed),
  };
  return { cursor: await deps.notices.move(sourceId, cursor, { seq, digest, lastDigestAt: at }), more };
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
  await recordSent(deps, sourceId, { cursor: noted, digest: sent });
  return { sourceId, outcome: 'sent', devices: devices.length + more };
}

/** Writes a sent digest into the timeline of each device that it names. */
async function recordSent(deps: NotifyDependencies, sourceId: string, { cursor, digest }: OnItsWay): Promise<NoticeCursor> {
  const { id, at, to } = digest;
  const says = `A notice that this device is held was mailed to ${to.length === 1 ? 'one address' : `${to.length} addresses`}.`;
  const line = { at, id: `notice|${id}`, kind: 'notice' as const, says, data: { to, digest: id } };
  await pMap(digest.devices, (device) => deps.timeline.append(device, [line]), { concurrency: 16 });
  return deps.notices.move(sourceId, cursor, { digest: null, notBefore: 0 });
}

function abandoned({ at, devices, more }: Digest, now: number): Partial<NoticeCursor> {
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
