/**
 * The messages between relay and cloud over the WebSocket: one file for both ends. JSON, one object per message.
 *
 * Every message has `n`, which its sender counts up over all its connections (a relay continues counting after a restart).
 * Important messages are acknowledged by `n`; an unacknowledged one is sent again with the same `n`; a receiver that has seen it
 * drops it and acknowledges again. An unknown type is counted and ignored; a known type with wrong content is rejected by the
 * schema as a whole and counted.
 *
 * Times are epoch ms of the cloud's clock: `welcome` and `pong` carry it, so that a relay whose own clock is wrong still knows
 * when its lease ends and what has expired.
 */
import { z } from 'zod';
import { actionType, wipeFence, wipeTarget } from '#domain/actions/action';
import { approval, deviceDetail, deviceKey, listedDevice } from '#domain/devices/device';
import { problem, serverFacts } from '#domain/devices/source';

/**
 * The newest version that both ends of this release support, and the oldest that its cloud accepts. What a relay of protocol 1
 * lacks:
 * - it sends no `problems` (hello, ping) and no `detailAt` (rows of a part): its records count as read when it was asked;
 * - it ignores `attention` (gather: it reads again only what its own records show as moving), `asBefore` (action: an approval
 *   that lifts our own block is then a plain one), `answers` (pong) and `advice` (welcome).
 * Fields are only ever added, and an added one may be absent; test/fixtures/relay-protocol-1.jsonl is a recorded protocol 1
 * session.
 */
export const protocol = { current: 2, oldest: 1 } as const;

/** The socket's hard limits (API Gateway): bytes, ms. A relay sends whole messages, one frame each, so the frame is its limit. */
export const socketLimits = {
  frameBytes: 32 * 1024,
  messageBytes: 128 * 1024,
  idleMs: 10 * 60_000,
  lifeMs: 2 * 3_600_000,
} as const;
/** The relay's limit for a message: the frame, with some margin. */
export const longestMessageBytes = 30 * 1024;

/** How often the active relay and its standbys send a ping; how long a lease lasts without renewal. */
export const heartbeat = { everyMs: 10_000, leaseMs: 30_000 } as const;

/** Each close code says what the relay is to do next. */
export const closeCodes = {
  reconnectNow: 4000,
  reconnectLater: 4001,
  enrolAgain: 4003,
  tooOld: 4010,
} as const;
export type CloseReason = keyof typeof closeCodes;

const n = z.number().int().positive();
const fence = z.number().int().nonnegative();
/** 64 lower-case hex digits: SHA-256 over the sorted entries of the manifest (`manifestDigest`). */
export const gatherDigest = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits');

/** 16 lower-case hex digits: names a device within its source (`deviceHash`). */
const deviceHashText = z.string().regex(/^[0-9a-f]{16}$/, '16 hex digits');

export const lease = z.object({
  /** Whether this relay holds it. */
  held: z.boolean(),
  fence,
  /** End of the lease, by the cloud's clock. */
  until: z.number(),
  /** The cloud's clock when this was sent. */
  now: z.number(),
});
export type Lease = z.infer<typeof lease>;

/** What a relay reports of itself and of the server behind it. */
export const relayFacts = z.object({
  version: z.string(),
  hostname: z.string(),
  platform: z.string(),
  /** How the source is read and acted on, for the console: `rest`, `notes`, `http`; `command`, `notes`, `rest`. */
  reads: z.string(),
  acts: z.string(),
  /** Present problems, each a sentence with what to do; empty when healthy. No names of users. */
  problems: z.array(z.string()).max(20).default([]),
});
export type RelayFacts = z.infer<typeof relayFacts>;

/** A failure as reported to the cloud: it never contains a user, a device or a secret. */
export const relayProblem = problem.omit({ at: true }).extend({
  retryAfterMs: z.number().optional(),
  unreachable: z.boolean().default(false),
});
export type RelayProblem = z.infer<typeof relayProblem>;

/**
 * The outcome of an action at the relay. `before` and `after` are full records as read.
 * - `already`: the server showed it before anything was written; `written`: written and read back (`after`: the record then,
 *   with or without the effect);
 * - `looked`: only read, as requested, or because a pending wipe goes first (`before` shows it); `gone`: the server has no such
 *   record (`started`: after our write);
 * - `refused`: not possible on this device (capability, fence), with the reason as a sentence;
 * - `unread`: could not be read before the write, so nothing was written; `unwritten`: the write failed;
 * - `unknown`: written or possibly written, and it could not be read back;
 * - `expired`: arrived after its deadline; `not-holder`: this relay does not hold the lease under which it was sent.
 */
export const actionOutcome = z.discriminatedUnion('how', [
  z.object({ how: z.literal('already'), before: deviceDetail }),
  z.object({ how: z.literal('written'), before: deviceDetail, after: deviceDetail }),
  z.object({ how: z.literal('looked'), before: deviceDetail }),
  z.object({ how: z.literal('gone'), started: z.boolean() }),
  z.object({ how: z.literal('refused'), why: z.string(), before: deviceDetail }),
  z.object({ how: z.literal('unread'), problem: relayProblem }),
  z.object({ how: z.literal('unwritten'), problem: relayProblem, before: deviceDetail }),
  z.object({ how: z.literal('unknown'), problem: relayProblem, before: deviceDetail.nullable() }),
  z.object({ how: z.literal('expired') }),
  z.object({ how: z.literal('not-holder') }),
]);
export type ActionOutcome = z.infer<typeof actionOutcome>;

/** Milliseconds from the command's arrival to the first write (null: none), and to the end. */
const took = z.object({ toWrite: z.number().nullable(), total: z.number() });
/** The result of one attempt at a relay, as the worker of the action queue receives it. */
export const relayResult = z.object({
  relayId: z.string().min(1),
  fence,
  attempt: z.number().int().positive(),
  outcome: actionOutcome,
  took,
});
export type RelayResult = z.infer<typeof relayResult>;

/** One attempt at one action. The relay journal identifies it by `actionId` and `attempt`. */
export const actionCommand = z.object({
  type: z.literal('action'),
  n,
  fence,
  actionId: z.string().min(1),
  attempt: z.number().int().positive(),
  /** `look`: only read what the server shows, write nothing. */
  step: z.enum(['carry-out', 'look']),
  what: actionType,
  wipeTargets: z.array(wipeTarget).optional(),
  target: deviceKey,
  /** Address of the record, as last listed; opaque. */
  href: z.string(),
  requestedAt: z.number(),
  expiresAt: z.number(),
  /** It was sent before: what is pending on the server may be ours. */
  sent: z.boolean(),
  /** The denial of the device is our own block: an approval lifts it. */
  liftDenial: z.boolean(),
  /** For an approval that only lifts our own block: the approval before it, if the server can restore that. */
  asBefore: approval.optional(),
  /** Once its wipe is cancelled, the device is to stay locked out. */
  lockBelongs: z.boolean(),
  /** For a wipe: the record at the time of the request; refused when it is another one by now. */
  wipeFence: wipeFence.optional(),
});
export type ActionCommand = z.infer<typeof actionCommand>;

export const gatherCommand = z.object({
  type: z.literal('gather'),
  n,
  fence,
  runId: z.string().min(1),
  /** Digest of what the cloud has; the relay sends the difference, or everything if it does not know this digest. */
  base: gatherDigest.nullable(),
  /** `every`: each full record is read (for a baseline); `rotation`: those that are due. */
  details: z.enum(['rotation', 'every']),
  detailRefreshHours: z.number().positive(),
  lastSyncEveryHours: z.number().positive(),
  /** Start of the last complete gather: the rotation covers the time since. */
  since: z.number().nullable(),
  startedAt: z.number(),
  /**
   * Devices (`deviceHash`) whose full record is to be read in any case: held ones, those with an open action, and those with an
   * action since the last complete gather.
   */
  attention: z.array(deviceHashText).max(1_000).default([]),
});
export type GatherCommand = z.infer<typeof gatherCommand>;

export const settingsCommand = z.object({
  type: z.literal('settings'),
  n,
  fence,
  /** Derived from the wanted settings, so that a repetition has the same id. */
  wishId: z.string().min(1),
  requireApproval: z.boolean(),
  devicesBeforeApproval: z.number().int().nonnegative(),
});
export type SettingsCommand = z.infer<typeof settingsCommand>;

/** Cloud to relay. */
export const toRelay = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    n,
    /** The protocol from now on: the older of both. */
    protocol: z.number().int(),
    lease,
    wants: z.enum(['delta', 'full']),
    /** Signed by the cloud that enrolled this relay, over the challenge in `hello` (relay-identity.ts). */
    proof: z.string(),
    /** Set when the relay should be updated; it continues to work. */
    advice: z.string().nullable(),
  }),
  actionCommand,
  gatherCommand,
  settingsCommand,
  /** The lease may be free, or another relay holds it: ask for it with a heartbeat. */
  z.object({ type: z.literal('lease'), n, lease }),
  /** `answers`: the `n` of the ping, so that the lease counts from when that ping was sent, even if others were lost. */
  z.object({ type: z.literal('pong'), n, answers: n.optional(), lease }),
  z.object({ type: z.literal('ack'), n, acks: z.array(n).min(1).max(500) }),
  /** Parts of a gather that did not arrive. */
  z.object({ type: z.literal('resend'), n, runId: z.string(), parts: z.array(z.number().int().nonnegative()).min(1) }),
  z.object({ type: z.literal('goodbye'), n, reason: z.string(), code: z.number().int() }),
]);
export type ToRelay = z.infer<typeof toRelay>;

/** A list row with its full record, and when that was requested (cloud's clock); null if it could never be read. */
export const relayedDevice = listedDevice.extend({ detailAt: z.number().nullable() });
export type RelayedDevice = z.infer<typeof relayedDevice>;
/** As accepted from any relay: protocol 1 does not send the time. */
export const relayedRow = relayedDevice.partial({ detailAt: true });

/** Totals of one gather: devices in the list, rows that could not be read, pages, full records, requests. */
export const gatherTotals = z.object({
  devices: z.number().int(),
  totalRecords: z.number().int().nullable(),
  rejected: z.number().int(),
  pages: z.number().int(),
  details: z.number().int(),
  requests: z.number().int(),
});

/** Relay to cloud. */
export const toCloud = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    n,
    relayId: z.string().min(1),
    sourceId: z.string().min(1),
    /** The newest version that the relay supports. */
    protocol: z.number().int().nonnegative(),
    /** Random, new for each connection: the cloud's proof signs it. */
    challenge: z.string().min(16).max(200),
    gatherDigest: gatherDigest.nullable(),
    facts: relayFacts,
  }),
  /** Renews the lease, or requests it when it is free. */
  z.object({ type: z.literal('ping'), n, fence: fence.nullable(), problems: z.array(z.string()).max(20).default([]) }),
  z.object({
    type: z.literal('gatherBegin'),
    n,
    fence,
    runId: z.string().min(1),
    /** `full`: every device of the list; `delta`: those that differ from `base`. */
    scope: z.enum(['full', 'delta']),
    base: gatherDigest.nullable(),
    server: serverFacts,
  }),
  z.object({
    type: z.literal('gatherPart'),
    n,
    fence,
    runId: z.string().min(1),
    /** From 0. */
    part: z.number().int().nonnegative(),
    devices: z.array(relayedRow),
    /** Hashes (`deviceHash`) of devices that are no longer listed. */
    removed: z.array(deviceHashText),
  }),
  z.object({
    type: z.literal('gatherEnd'),
    n,
    fence,
    runId: z.string().min(1),
    parts: z.number().int().nonnegative(),
    totals: gatherTotals,
    /** Over everything that the relay now has. */
    digest: gatherDigest,
  }),
  /** The source could not be read completely; what was sent of this run is discarded. */
  z.object({
    type: z.literal('gatherFailed'),
    n,
    fence,
    runId: z.string().min(1),
    problem: relayProblem,
    requests: z.number().int(),
  }),
  /** Progress so far, for display only. */
  z.object({
    type: z.literal('gatherProgress'),
    n,
    fence,
    runId: z.string().min(1),
    devices: z.number().int(),
    details: z.number().int(),
    detailsWanted: z.number().int(),
  }),
  z.object({
    type: z.literal('actionResult'),
    n,
    fence,
    actionId: z.string().min(1),
    attempt: z.number().int().positive(),
    target: deviceKey,
    outcome: actionOutcome,
    took,
  }),
  /** The server's approval settings after a `settings` command. */
  z.object({
    type: z.literal('settingsResult'),
    n,
    fence,
    wishId: z.string().min(1),
    outcome: z.discriminatedUnion('how', [
      z.object({ how: z.literal('written'), server: serverFacts }),
      z.object({ how: z.literal('unavailable') }),
      z.object({ how: z.literal('failed'), problem: relayProblem }),
    ]),
  }),
  z.object({ type: z.literal('ack'), n, acks: z.array(n).min(1).max(500) }),
  z.object({ type: z.literal('goodbye'), n, reason: z.enum(['restart', 'stop', 'hand-over', 'wrong-cloud']) }),
]);
export type ToCloud = z.infer<typeof toCloud>;

/** Types that are sent again until the other side acknowledges them. The others are repeated anyway. */
export const acknowledged = {
  toCloud: ['gatherBegin', 'gatherPart', 'gatherEnd', 'gatherFailed', 'actionResult', 'settingsResult'],
  toRelay: ['action', 'gather', 'settings', 'resend'],
} as const satisfies { toCloud: readonly ToCloud['type'][]; toRelay: readonly ToRelay['type'][] };

type Read<M> = { read: 'message'; message: M } | { read: 'unknown'; type: string } | { read: 'malformed'; why: string };

/** `why` names fields, never their values. */
export const readToRelay = (text: unknown): Read<ToRelay> => readWith(toRelay, text);
export const readToCloud = (text: unknown): Read<ToCloud> => readWith(toCloud, text);

const anyMessage = z.looseObject({ type: z.string().max(64) });

function readWith<M extends { type: string }>(
  schema: z.ZodType<M> & { options: readonly { shape: { type: { value: string } } }[] },
  given: unknown,
): Read<M> {
  const json = parseJson(given);
  const some = anyMessage.safeParse(json);
  if (!some.success) return { read: 'malformed', why: 'no JSON object with a type' };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { read: 'message', message: parsed.data };
  const known = schema.options.some(({ shape }) => shape.type.value === some.data.type);
  if (!known) return { read: 'unknown', type: some.data.type };
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'message'))];
  return { read: 'malformed', why: `${some.data.type}: ${fields.join(', ')}` };
}

function parseJson(given: unknown): unknown {
  if (typeof given !== 'string') return null;
  try {
    return JSON.parse(given);
  } catch {
    return null;
  }
}
