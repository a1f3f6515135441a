/**
 * A device record, as the source shows it and as we store it. Vendor codes get their names here; an unknown code is kept as
 * received (`codes`) and reads as `unknown`, which never counts as approved.
 */
import { z } from 'zod';

export const approval = z.enum(['unset', 'pending', 'approved', 'auto-approved', 'denied', 'not-required', 'unknown']);
export const access = z.enum(['allow', 'deny', 'prohibit', 'unknown']);
export const wipe = z.enum(['none', 'requested', 'wiped', 'unknown']);
export const client = z.enum(['secure-mail', 'verse-ios', 'verse-android', 'ios-mail', 'windows-phone', 'blackberry', 'other']);
export const presence = z.enum(['present', 'missing', 'removed']);

export type Approval = z.infer<typeof approval>;
export type Access = z.infer<typeof access>;
export type Wipe = z.infer<typeof wipe>;
export type Client = z.infer<typeof client>;
export type Presence = z.infer<typeof presence>;

/** Identifies a user at one source; `user` is spelled as the source spells it (`Jane Doe/Acme`). */
export const userKey = z.object({ sourceId: z.string().min(1), user: z.string().min(1) });
/** Identifies a device record. One phone can have several. */
export const deviceKey = userKey.extend({ deviceId: z.string().min(1) });
export type UserKey = z.infer<typeof userKey>;
export type DeviceKey = z.infer<typeof deviceKey>;

/** The part that only the full record has (or a list row that carries it). Times are epoch ms; null = never. */
export const deviceDetail = z.object({
  approval,
  access,
  wipe,
  /** `wipe_types_supported` as received; wipe.ts interprets it. */
  wipeTypes: z.string(),
  compliance: z.string(),
  approvalDate: z.number().nullable(),
  approvers: z.array(z.string()),
  wipeDate: z.number().nullable(),
  /** Vendor codes as received, by vendor field name: the values behind `unknown`. */
  codes: z.record(z.string(), z.string()),
});
export type DeviceDetail = z.infer<typeof deviceDetail>;

/** One row of the source's device list. `lastSync` is volatile and does not count as a change. */
export const listedDevice = z.object({
  user: z.string().min(1),
  deviceId: z.string().min(1),
  provider: z.string(),
  type: z.string(),
  level: z.string(),
  notification: z.string(),
  lastSync: z.number().nullable(),
  /** Opaque, server-relative: followed, never built. */
  href: z.string(),
  detail: deviceDetail.nullable(),
});
export type ListedDevice = z.infer<typeof listedDevice>;

/**
 * Our own block of a device, as distinct from a denial by somebody else (`denied-elsewhere`). `took`: Auto-Quarantine blocked a
 * device that had access, with the approval at that time; the block is lifted once no rule requires it any more
 * (docs/decisions/0021-own-blocks.md). Absent for a block that a person or a portal rule requested.
 */
export const denial = z.object({
  kind: z.enum(['block', 'hold']),
  actionId: z.string(),
  at: z.number(),
  took: z.object({ approval }).optional(),
});
export type Denial = z.infer<typeof denial>;

export const verdictName = z.enum(['approve', 'hold', 'block', 'leave', 'undetermined']);
export type VerdictName = z.infer<typeof verdictName>;

/** How a device was matched to enrolments, and on what evidence. */
export const match = z.object({
  kind: z.enum(['device', 'user', 'none', 'ambiguous']),
  enrolmentIds: z.array(z.string()),
  portalUsers: z.array(z.string()),
  evidence: z.string(),
});
export type Match = z.infer<typeof match>;

/** A verdict as stored and shown: with the rule, the facts in plain words, and what would change it. */
export const explainedVerdict = z.object({
  verdict: verdictName,
  rule: z.string(),
  evidence: z.string(),
  wouldChange: z.string(),
  settingsVersion: z.number().int(),
  decidedAt: z.number(),
  inputsDigest: z.string(),
  /** As decided: an enrolment may list a device as Secure Mail whose id does not show it. */
  client: client.optional(),
});
export type ExplainedVerdict = z.infer<typeof explainedVerdict>;

export const openAction = z.object({ actionId: z.string(), type: z.string(), state: z.string() });

/** A device as stored: one item of the Devices table. */
export const device = deviceKey.extend({
  provider: z.string(),
  type: z.string(),
  level: z.string(),
  notification: z.string(),
  lastSync: z.number().nullable(),
  href: z.string(),
  /** Null until a full record was read. */
  detail: deviceDetail.nullable(),
  presence,
  missingSince: z.number().nullable(),
  firstSeen: z.number(),
  /** Start of the current registration: `firstSeen`, or when it was listed again after a removal. Fences actions. */
  registeredAt: z.number(),
  /** When the device was last read, and how often its approval, access or wipe has changed since first seen. */
  observedAt: z.number(),
  observedSeq: z.number().int(),
  /** The baseline run that found it neither pending nor denied. It is `existing` once that run is committed (source.ts). */
  baselineRun: z.string().nullable(),
  /**
   * The baseline run that listed it and could not read its full record: the first readable full record decides whether it is
   * existing. Once that run is committed, and until that decision, AQ neither holds nor blocks it.
   */
  baselineOwed: z.string().nullable().optional(),
  denial: denial.nullable(),
  openAction: openAction.nullable(),
  verdict: explainedVerdict.nullable(),
  match: match.nullable(),
  /** Removed by our own action, and no gather has run since. Until then, lists read before the removal do not count. */
  removal: z.object({ actionId: z.string(), at: z.number() }).nullable().optional(),
  /** Somebody lifted our own block on the server itself: AQ does not block again (docs/decisions/0016-sources-in-trouble.md). */
  overruled: z.object({ was: denial.shape.kind, at: z.number() }).nullable().optional(),
  /** When it was last listed again after it was missing. */
  returnedAt: z.number().nullable().optional(),
  /** Since when it is held; null when not held. */
  heldSince: z.number().nullable(),
});
export type Device = z.infer<typeof device>;
