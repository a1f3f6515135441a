/**
 * The world as the journal describes it: each line is applied in the order of its chain, which restores everything that decisions
 * rest on. Pure: the same lines give the same world. Lines that decide nothing (notices, guards, gathers) are skipped.
 */
import { z } from 'zod';
import { shown } from '#domain/actions/action';
import { denialAfter, type EndedAction } from '#domain/actions/own-block';
import { type Denial, type Presence, presence, type VerdictName, verdictName } from '#domain/devices/device';
import { serverFacts } from '#domain/devices/source';
import { type Enrolment, type EnrolmentFeed, enrolment, enrolmentFeed, type Link, link } from '#domain/enrolment/enrolment';
import type { JournalLine } from '#domain/journal/hash-chain';
import { type Decision, decision, type Withdrawal } from '#domain/quarantine/decision';
import { type Settings, settings } from '#domain/quarantine/settings';
import { type EnrolmentBook, newEnrolmentBook } from '#domain/replay/replay-enrolments';

export type RecordedVerdict = { verdict: VerdictName; rule: string; evidence: string; settingsVersion: number; at: number };
export type WorldDevice = {
  deviceId: string;
  type: string;
  provider: string;
  presence: Presence;
  firstSeen: number;
  registeredAt: number;
  baselineRun: string | null;
  baselineOwed?: string | null;
  denial: Denial | null;
  /** Null until a full record was read. */
  shown: z.infer<typeof shown> | null;
  /** The verdict recorded last. */
  verdict: RecordedVerdict | null;
};
export type WorldUser = {
  sourceId: string;
  user: string;
  devices: Map<string, WorldDevice>;
  decisions: Map<string, Decision>;
  withdrawals: Map<string, Withdrawal>;
  links: Map<string, Link>;
};
export const worldFacts = z.object({
  server: serverFacts,
  baselineRuns: z.array(z.string()),
  aqInForce: z.boolean(),
  enforcement: z.enum(['server', 'extender']),
});
export type WorldFacts = z.infer<typeof worldFacts>;
export type WorldSource = {
  sourceId: string;
  /** Null before its first complete gather. */
  facts: WorldFacts | null;
  settings: { version: number; settings: Settings } | null;
  users: Map<string, WorldUser>;
};
export type World = { sources: Map<string, WorldSource>; enrolments: EnrolmentBook; feed: EnrolmentFeed };
/** What has to be decided again after a line: a user, everyone at a source, everyone, or the users of these enrolments. */
export type Touched =
  | { kind: 'user'; user: WorldUser }
  | { kind: 'source'; source: WorldSource }
  | { kind: 'everyone' }
  | { kind: 'enrolments'; enrolments: Enrolment[] }
  | null;

export const newWorld = (): World => ({ sources: new Map(), enrolments: newEnrolmentBook(), feed: 'never' });

const change = z.object({ field: z.string(), before: z.unknown(), after: z.unknown() });
const ofGather = z.object({ changes: z.array(change).default([]) });
const ofVerdict = z.object({
  after: z.object({ verdict: verdictName, rule: z.string() }),
  evidence: z.string(),
  settingsVersion: z.number().int(),
});
const ofAction = z.object({
  actionId: z.string(),
  type: z.string(),
  purpose: z.string(),
  state: z.string(),
  requestedBy: z.object({ kind: z.string() }),
  before: shown.nullable(),
  after: shown.nullable(),
});
const ofStep = z.object({ after: shown.nullable() });
const ofDecision = decision.pick({ decided: true, by: true, reason: true, expiresAt: true }).extend({ actionId: z.string() });
const ofWithdrawal = z.object({ withdrawnBy: z.string(), withdrawnUpTo: z.number(), actionId: z.string().optional() });
const ofLink = z.object({ user: z.string(), portalUser: z.string(), link: link.shape.kind, by: z.string() });
const ofSettings = z.object({ scope: z.string(), version: z.number().int(), settings });
const ofSource = worldFacts.extend({ settings: ofSettings });

/** Applies a line. Throws a ZodError if a line that matters for decisions lacks a required field. */
export function applyLine(world: World, line: JournalLine): Touched {
  const apply = appliers[line.kind];
  return apply === undefined ? null : apply(world, line);
}

type Applier = (world: World, line: JournalLine) => Touched;

const appliers: Record<string, Applier | undefined> = {
  discovered: applyGathered,
  changed: applyGathered,
  returned: applyGathered,
  missing: applyGathered,
  removed: applyGathered,
  verdict: applyVerdict,
  action: applyAction,
  'action-step': applyStep,
  decision: applyDecision,
  link: applyLink,
  source: applySource,
  settings: applySettings,
  enrolment(world, { data }) {
    const { enrolment: after } = z.object({ enrolment }).parse(data);
    const before = world.enrolments.put(after);
    return { kind: 'enrolments', enrolments: before === null ? [after] : [after, before] };
  },
  feed(world, { data }) {
    world.feed = z.object({ state: enrolmentFeed }).parse(data).state;
    return { kind: 'everyone' };
  },
};

const presenceAfter: Record<string, Presence | undefined> = {
  discovered: 'present',
  returned: 'present',
  missing: 'missing',
  removed: 'removed',
};

function applyGathered(world: World, line: JournalLine): Touched {
  const found = deviceOf(world, line);
  if (found === null) return null;
  const { device, user } = found;
  if (line.kind === 'returned' && device.presence === 'removed') Object.assign(device, { denial: null, verdict: null });
  device.presence = presenceAfter[line.kind] ?? device.presence;
  for (const { field, after } of ofGather.parse(line.data).changes) applyField(device, field, after);
  return { kind: 'user', user };
}

const unread = { approval: 'unknown', access: 'unknown', wipe: 'unknown' } as const;

function applyField(device: WorldDevice, field: string, after: unknown): void {
  const text = () => z.string().parse(after);
  if (field === 'type' || field === 'provider') device[field] = text();
  else if (field === 'registeredAt') device.registeredAt = z.number().parse(after);
  else if (field === 'baselineRun' || field === 'baselineOwed') device[field] = z.string().nullable().parse(after);
  else if (field === 'presence') device.presence = presence.parse(after);
  else if (field === 'approval' || field === 'access' || field === 'wipe')
    device.shown = after === null ? null : shown.parse({ ...unread, ...device.shown, [field]: after });
}

function applyVerdict(world: World, line: JournalLine): Touched {
  const { after, evidence, settingsVersion } = ofVerdict.parse(line.data);
  const found = deviceOf(world, line);
  if (found) found.device.verdict = { ...after, evidence, settingsVersion, at: line.at };
  return null;
}

function applyAction(world: World, line: JournalLine): Touched {
  const found = deviceOf(world, line);
  const action = ofAction.parse(line.data);
  if (found === null || action.after === null) return null;
  applyEffect(found.device, { ...action, at: line.at, before: action.before, after: action.after });
  return { kind: 'user', user: found.user };
}

/** What the server showed meanwhile: a wipe stays open for long, and its device is under wipe from then on. */
function applyStep(world: World, line: JournalLine): Touched {
  const found = deviceOf(world, line);
  const { after } = ofStep.parse(line.data);
  if (found === null || after === null) return null;
  found.device.shown = after;
  return { kind: 'user', user: found.user };
}

/** What the server shows after an action, and our own block. */
export function applyEffect(device: WorldDevice, ended: Omit<EndedAction, 'known'>): void {
  device.denial = denialAfter(device.denial, { ...ended, known: device.shown });
  device.shown = ended.after;
}

function applyDecision(world: World, line: JournalLine): Touched {
  const user = userOf(world, line);
  if (user === null || line.deviceId === null) return null;
  const { deviceId, at } = line;
  const withdrawn = ofWithdrawal.safeParse(line.data);
  if (!withdrawn.success) {
    const { actionId: decisionId, decided, by, reason, expiresAt } = ofDecision.parse(line.data);
    const more = { ...(reason === undefined ? {} : { reason }), ...(expiresAt === undefined ? {} : { expiresAt }) };
    user.decisions.set(decisionId, { decisionId, deviceId, decided, by, at, ...more });
    return { kind: 'user', user };
  }
  const { withdrawnBy: by, withdrawnUpTo, actionId } = withdrawn.data;
  const one = actionId === undefined ? undefined : user.decisions.get(actionId);
  if (one) user.decisions.set(one.decisionId, { ...one, withdrawnAt: withdrawnUpTo });
  else if (actionId === undefined) user.withdrawals.set(deviceId, { deviceId, at: withdrawnUpTo, by });
  return { kind: 'user', user };
}

/** Only the source's line counts; those of the user's devices repeat it. */
function applyLink(world: World, line: JournalLine): Touched {
  if (line.deviceId !== null) return null;
  const { user: name, portalUser, link: kind, by } = ofLink.parse(line.data);
  const user = userNamed(sourceOf(world, line.sourceId), name);
  user.links.set(portalUser.toLowerCase(), { kind, portalUser, by, at: line.at });
  return { kind: 'user', user };
}

function applySource(world: World, line: JournalLine): Touched {
  const { settings: published, ...facts } = ofSource.parse(line.data);
  const source = sourceOf(world, line.sourceId);
  source.facts = facts;
  source.settings = { version: published.version, settings: published.settings };
  return { kind: 'source', source };
}

function applySettings(world: World, line: JournalLine): Touched {
  const { version, settings: published } = ofSettings.parse(line.data);
  const source = sourceOf(world, line.sourceId);
  source.settings = { version, settings: published };
  return { kind: 'source', source };
}

function sourceOf(world: World, sourceId: string): WorldSource {
  const found = world.sources.get(sourceId) ?? { sourceId, facts: null, settings: null, users: new Map() };
  world.sources.set(sourceId, found);
  return found;
}

function userNamed(source: WorldSource, user: string): WorldUser {
  const found = source.users.get(user) ?? {
    ...{ sourceId: source.sourceId, user, devices: new Map(), decisions: new Map() },
    ...{ withdrawals: new Map(), links: new Map() },
  };
  source.users.set(user, found);
  return found;
}

function userOf(world: World, { sourceId, user }: JournalLine): WorldUser | null {
  return user === null ? null : userNamed(sourceOf(world, sourceId), user);
}

function deviceOf(world: World, line: JournalLine): { user: WorldUser; device: WorldDevice } | null {
  const user = userOf(world, line);
  if (user === null || line.deviceId === null) return null;
  const known = user.devices.get(line.deviceId);
  if (known) return { user, device: known };
  // Only a discovery creates a device: the journal may hold a decision about a device that was never seen.
  if (line.kind !== 'discovered') return null;
  const device: WorldDevice = {
    ...{ deviceId: line.deviceId, type: '', provider: '', presence: 'present', firstSeen: line.at, registeredAt: line.at },
    ...{ baselineRun: null, denial: null, shown: null, verdict: null },
  };
  user.devices.set(line.deviceId, device);
  return { user, device };
}
