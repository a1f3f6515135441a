/**
 * What the relay and the cloud say to each other over the WebSocket: one file for both ends. JSON, one object a message.
 *
 * Every message bears `n`, counted up by its sender over all its connections (a relay goes on counting after a restart). What
 * matters is acknowledged by `n`; what is not acknowledged is sent again with the same `n`; who has seen it drops it and
 * acknowledges again. A type that the receiver does not know is counted and ignored; a known type with wrong content is refused
 * by the schema, counted, and never half taken.
 *
 * Times are epoch ms of the cloud's clock: `welcome` and `pong` tell it, so that a relay whose own clock is off still knows
 * when its lease ends and what has expired.
 */
import { z } from 'zod';
import { actionType, wipeFence, wipeTarget } from '#domain/actions/action';
import { approval, deviceDetail, deviceKey, listedDevice } from '#domain/devices/device';
import { problem, serverFacts } from '#domain/devices/source';

/**
 * Newest that both ends of this release speak, and the oldest that its cloud still takes. What a relay of protocol 1 does not
 * have, and so what the cloud does without when it hears one:
 * - it says no `problems` (hello, ping) and no `detailAt` (rows of a part): its records count as read when it was asked;
 * - it leaves aside `attention` (gather: it looks again only at what its own records show as moving), `asBefore` (action: an
 *   approval that undoes our bar is then a plain one), `answers` (pong) and `advice` (welcome).
 * Fields are only ever added, and an added one may be absent; test/fixtures/relay-protocol-1.jsonl holds a conversation of it.
 */
export const protocol = { current: 2, oldest: 1 } as const;

/** The socket's hard limits (API Gateway): bytes, ms. A relay sends whole messages, one frame each, so the frame is its limit. */
export const socketLimits = {
  frameBytes: 32 * 1024,
  messageBytes: 128 * 1024,
  idleMs: 10 * 60_000,
  lifeMs: 2 * 3_600_000,
} as const;
/** What a relay keeps each message below: the frame, less some room. */
export const longestMessageBytes = 30 * 1024;

/** How often the holder of a lease, or who waits for it, is heard from; how long a lease lasts without being renewed. */
export const heartbeat = { everyMs: 10_000, leaseMs: 30_000 } as const;

/** Close codes carry what the relay is to do next. */
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
  /** The cloud's clock when this was said. */
  now: z.number(),
});
export type Lease = z.infer<typeof lease>;

/** Version and rights, as a relay tells of the server behind it. */
export const relayFacts = z.object({
  version: z.string(),
  hostname: z.string(),
  platform: z.string(),
  /** How the source is read and acted on, for the console: `rest`, `notes`, `http`; `command`, `notes`, `rest`. */
  reads: z.string(),
  acts: z.string(),
  /** What does not work at present, in words with what to do; empty when all is well. No names of users. */
  problems: z.array(z.string()).max(20).default([]),
});
export type RelayFacts = z.infer<typeof relayFacts>;

/** A failure as it is told to the cloud: never a user, a device or a secret in it. */
export const relayProblem = problem.omit({ at: true }).extend({
  retryAfterMs: z.number().optional(),
  unreachable: z.boolean().default(false),
});
export type RelayProblem = z.infer<typeof relayProblem>;

/**
 * How carrying out an action went at the relay. `before` and `after` are full records as read.
 * - `already`: the server showed it before anything was written; `written`: written and read back (`after`: what then showed,
 *   whether or not it shows the effect);
 * - `looked`: only read, as asked, or because a wipe on its way goes first (`before` shows it); `gone`: the server has no such record (`started`: after our write);
 * - `refused`: not on this device (capability, fence), with the sentence why;
 * - `unread`: could not be read before the write: nothing was written; `unwritten`: the write failed;
 * - `unknown`: written, or perhaps, and it could not be read back;
 * - `expired`: came too late; `not-holder`: this relay does not hold the lease by which it was sent.
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

/** ms: from the command's arrival to the first write (null: none), and to the end. */
const took = z.object({ toWrite: z.number().nullable(), total: z.number() });
/** How one try went at which relay: what the worker of the action queue is told. */
export const relayResult = z.object({
  relayId: z.string().min(1),
  fence,
  attempt: z.number().int().positive(),
  outcome: actionOutcome,
  took,
});
export type RelayResult = z.infer<typeof relayResult>;

/** One try of one action. The relay's journal knows it by `actionId` and `attempt`. */
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
  /** Has gone out before: what is pending on the server may be ours. */
  sent: z.boolean(),
  /** The bar on the device is ours: an approval lifts it. */
  liftDenial: z.boolean(),
  /** An approval that only undoes our own bar: what the device had before it, for a server that can be given that. */
  asBefore: approval.optional(),
  /** Once its wipe is cancelled, the device is to stay locked out. */
  lockBelongs: z.boolean(),
  /** Of a wipe: the record as it was when asked for; refused when it is another one by now. */
  wipeFence: wipeFence.optional(),
});
export type ActionCommand = z.infer<typeof actionCommand>;

export const gatherCommand = z.object({
  type: z.literal('gather'),
  n,
  fence,
  runId: z.string().min(1),
  /** Digest of what the cloud has; the relay sends the difference to it, or everything where it does not know it. */
  base: gatherDigest.nullable(),
  /** `every`: each full record is read anew (a baseline rests on it); `rotation`: as the period has it. */
  details: z.enum(['rotation', 'every']),
  detailRefreshHours: z.number().positive(),
  lastSyncEveryHours: z.number().positive(),
  /** Start of the last complete gather: rotation goes by the time since. */
  since: z.number().nullable(),
  startedAt: z.number(),
  /**
   * Devices (`deviceHash`) whose full record is wanted, whatever the relay knows: held ones, those with an open action, and
   * those acted on since the last complete gather.
   */
  attention: z.array(deviceHashText).max(1_000).default([]),
});
export type GatherCommand = z.infer<typeof gatherCommand>;

export const settingsCommand = z.object({
  type: z.literal('settings'),
  n,
  fence,
  /** Derived from the wish, so that the same again is the same. */
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
    /** What is spoken from now on: the older of both. */
    protocol: z.number().int(),
    lease,
    wants: z.enum(['delta', 'full']),
    /** Signed by the cloud that enrolled this relay, over the challenge in `hello` (relay-identity.ts). */
    proof: z.string(),
    /** Said when the relay ought to be updated; it works on. */
    advice: z.string().nullable(),
  }),
  actionCommand,
  gatherCommand,
  settingsCommand,
  /** The lease may be free, or is another's: ask for it with a heartbeat. */
  z.object({ type: z.literal('lease'), n, lease }),
  /** `answers`: the `n` of the ping, so that the lease is counted from when that one was sent, whatever was lost on the way. */
  z.object({ type: z.literal('pong'), n, answers: n.optional(), lease }),
  z.object({ type: z.literal('ack'), n, acks: z.array(n).min(1).max(500) }),
  /** Parts of a gather that did not arrive. */
  z.object({ type: z.literal('resend'), n, runId: z.string(), parts: z.array(z.number().int().nonnegative()).min(1) }),
  z.object({ type: z.literal('goodbye'), n, reason: z.string(), code: z.number().int() }),
]);
export type ToRelay = z.infer<typeof toRelay>;

/** A row of the list with its full record, and when that was asked for (cloud's clock); null while it could never be read. */
export const relayedDevice = listedDevice.extend({ detailAt: z.number().nullable() });
export type RelayedDevice = z.infer<typeof relayedDevice>;
/** As it is taken from any relay: protocol 1 does not say when. */
export const relayedRow = relayedDevice.partial({ detailAt: true });

/** What one reading of the source came to: devices of the list, rows that could not be read, pages, full records, requests. */
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
    /** Newest that the relay speaks. */
    protocol: z.number().int().nonnegative(),
    /** Random, new for each connection: the cloud's proof answers it. */
    challenge: z.string().min(16).max(200),
    gatherDigest: gatherDigest.nullable(),
    facts: relayFacts,
  }),
  /** Renews the lease, or asks for it where it is free. */
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
    /** Hashes (`deviceHash`) of devices that the list no longer names. */
    removed: z.array(deviceHashText),
  }),
  z.object({
    type: z.literal('gatherEnd'),
    n,
    fence,
    runId: z.string().min(1),
    parts: z.number().int().nonnegative(),
    totals: gatherTotals,
    /** Of everything the relay now has. */
    digest: gatherDigest,
  }),
  /** The source could not be read to its end; nothing follows from what was sent of this run. */
  z.object({
    type: z.literal('gatherFailed'),
    n,
    fence,
    runId: z.string().min(1),
    problem: relayProblem,
    requests: z.number().int(),
  }),
  /** So far, for the eye. */
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

/** Acknowledged by the other side, and sent again until it is. The rest repeats by itself. */
export const acknowledged = {
  toCloud: ['gatherBegin', 'gatherPart', 'gatherEnd', 'gatherFailed', 'actionResult', 'settingsResult'],
  toRelay: ['action', 'gather', 'settings', 'resend'],
} as const satisfies { toCloud: readonly ToCloud['type'][]; toRelay: readonly ToRelay['type'][] };

type Read<M> = { read: 'message'; message: M } | { read: 'unknown'; type: string } | { read: 'malformed'; why: string };

/** `why` names fields, never what stood in them. */
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
