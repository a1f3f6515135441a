/**
 * A device record, as the source showed it and as we keep it. Vendor codes are named here once; a code that we do not
 * know is kept as it came (`codes`) and reads as `unknown`, which never counts as approved.
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

/** Names a user at one source; `user` is spelt as the source spells it (`Jane Doe/Acme`). */
export const userKey = z.object({ sourceId: z.string().min(1), user: z.string().min(1) });
/** Names a device record. One phone can own several. */
export const deviceKey = userKey.extend({ deviceId: z.string().min(1) });
export type UserKey = z.infer<typeof userKey>;
export type DeviceKey = z.infer<typeof deviceKey>;

/** What only the full record tells (or a list record that happens to carry it). Times are epoch ms; null = never. */
export const deviceDetail = z.object({
  approval,
  access,
  wipe,
  /** `wipe_types_supported` as it came; which wipes it allows is decided where a wipe is asked for. */
  wipeTypes: z.string(),
  compliance: z.string(),
  approvalDate: z.number().nullable(),
  approvers: z.array(z.string()),
  wipeDate: z.number().nullable(),
  /** Vendor codes as they came, by vendor field name: what `unknown` stands for. */
  codes: z.record(z.string(), z.string()),
});
export type DeviceDetail = z.infer<typeof deviceDetail>;

/** One row of the source's device list. `lastSync` is volatile: it is no change. */
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
 * Our own bar on a device: why `denied` on the server is not `denied elsewhere`. `took`: Auto-Quarantine put it on a device that
 * had access, with what approval then; it is lifted once no rule asks for it any more (docs/decisions/0021-own-blocks.md). A bar that
 * a person or a portal rule asked for has none.
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

/** How a device was linked to an enrolment, and on what evidence. */
export const match = z.object({
  kind: z.enum(['device', 'user', 'none', 'ambiguous']),
  enrolmentIds: z.array(z.string()),
  portalUsers: z.array(z.string()),
  evidence: z.string(),
});
export type Match = z.infer<typeof match>;

/** A verdict as it is stored and shown: with the rule, the facts in plain words, and what would change it. */
export const explainedVerdict = z.object({
  verdict: verdictName,
  rule: z.string(),
  evidence: z.string(),
  wouldChange: z.string(),
  settingsVersion: z.number().int(),
  decidedAt: z.number(),
  inputsDigest: z.string(),
  /** As it was decided: an enrolment may list a device as Secure Mail whose id does not tell. */
  client: client.optional(),
});
export type ExplainedVerdict = z.infer<typeof explainedVerdict>;

export const openAction = z.object({ actionId: z.string(), type: z.string(), state: z.string() });

/** A device as it is stored: one item of the Devices table. */
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
  /** Start of the present registration: `firstSeen`, or when it came back after having been removed. Fences actions. */
  registeredAt: z.number(),
  /** When the source was last read for this item, and how often its approval, access or wipe has changed since first seen. */
  observedAt: z.number(),
  observedSeq: z.number().int(),
  /** The baseline run that saw it neither pending nor denied. It is `existing` once that run is committed (source.ts). */
  baselineRun: z.string().nullable(),
  /**
   * The baseline run that listed it and could not read its full record: whether it was connected then is settled by the first
   * full record that can be read. Once that run is committed, and until it is settled, AQ neither holds nor blocks it.
   */
  baselineOwed: z.string().nullable().optional(),
  denial: denial.nullable(),
  openAction: openAction.nullable(),
  verdict: explainedVerdict.nullable(),
  match: match.nullable(),
  /** Removed by our own action, and no gather has looked since. Until one has, nothing that was listed before counts. */
  removal: z.object({ actionId: z.string(), at: z.number() }).nullable().optional(),
  /** Somebody lifted our bar on the server itself: AQ does not put it back (docs/decisions/0016-sources-in-trouble.md). */
  overruled: z.object({ was: denial.shape.kind, at: z.number() }).nullable().optional(),
  /** When it was last listed again after having been missing. */
  returnedAt: z.number().nullable().optional(),
  /** When the present episode of being held began; null when not held. */
  heldSince: z.number().nullable(),
});
export type Device = z.infer<typeof device>;
