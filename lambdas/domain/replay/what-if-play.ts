/** A replay under supposed settings: its state, and what each journal line does to it. */
import { z } from 'zod';
import type { Shown } from '#domain/actions/action';
import type { DeviceKey, VerdictName } from '#domain/devices/device';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { JournalLine } from '#domain/journal/hash-chain';
import { type PlannedAction, planActions } from '#domain/quarantine/plan-actions';
import type { Settings } from '#domain/quarantine/settings';
import { compare, decideUser, inputOf } from '#domain/replay/replay';
import { userIndex } from '#domain/replay/replay-enrolments';
import {
  applyEffect,
  applyLine,
  type Touched,
  type World,
  type WorldDevice,
  type WorldSource,
  type WorldUser,
} from '#domain/replay/replay-world';
import { registerUnder, serveUnder } from '#domain/replay/simulated-server';

export type RuleVerdict = { verdict: VerdictName; rule: string };
export type SupposedChange = {
  at: number;
  sourceId: string;
  user: string;
  deviceId: string;
  before: RuleVerdict | null;
  after: RuleVerdict;
  action: 'approve' | 'block' | null;
};
/** Changed in place as journal lines are played, like the world. */
export type Play = {
  readonly world: World;
  readonly settings: Settings;
  /** The last supposed verdict of each device, by its key. */
  readonly supposed: Map<string, { of: DeviceKey; decided: RuleVerdict }>;
  readonly index: ReturnType<typeof userIndex<WorldUser>>;
  readonly changes: SupposedChange[];
  readonly actions: { approve: number; block: number };
  /** Expiries of decisions, by time: they change verdicts without a journal line. */
  readonly expiries: { at: number; user: WorldUser }[];
};

/** Limit of decision rounds for one user: an action can change the places of other devices, which ends long before this. */
const rounds = 20;

export function newPlay(world: World, settings: Settings): Play {
  const index = userIndex([...world.sources.values()].flatMap((source) => [...source.users.values()]));
  return { world, settings, supposed: new Map(), index, changes: [], actions: { approve: 0, block: 0 }, expiries: [] };
}

/** Plays one journal line, after the expiries before it. */
export function playLine(play: Play, line: JournalLine): void {
  advanceTo(play, line.at);
  if (line.kind === 'settings' || isOurOwn(line)) return;
  const touched = applyLine(play.world, line);
  if (touched?.kind === 'source') serveUnder(play.settings, touched.source);
  if (line.kind === 'discovered' && touched?.kind === 'user') registerUnder(play.settings, touched.user, line);
  decideTouched(play, touched, line.at);
  if (line.kind === 'decision') collectExpiries(play, line.at);
}

/** Advances to `at` (epoch ms): decisions that expire by then expire. */
export function advanceTo(play: Play, at: number): void {
  const { expiries } = play;
  for (let next = expiries[0]; next !== undefined && next.at <= at; next = expiries[0]) {
    expiries.shift();
    decide(play, next.user, next.at);
  }
}

export function decideAll(play: Play, now: number): void {
  for (const source of [...play.world.sources.values()].sort((a, b) => compare(a.sourceId, b.sourceId)))
    decideSource(play, source, now);
  collectExpiries(play, now);
}

/** The recorded verdict of a device, as far as the journal was played. */
export function recordedVerdict(world: World, key: DeviceKey): RuleVerdict | null {
  const recorded = world.sources.get(key.sourceId)?.users.get(key.user)?.devices.get(key.deviceId)?.verdict;
  return recorded ? { verdict: recorded.verdict, rule: recorded.rule } : null;
}

function decideTouched(play: Play, touched: Touched, now: number): void {
  if (touched === null) return;
  if (touched.kind === 'user') play.index.add(touched.user);
  if (touched.kind === 'user') decide(play, touched.user, now);
  else if (touched.kind === 'source') decideSource(play, touched.source, now);
  else if (touched.kind === 'everyone') decideAll(play, now);
  else for (const user of usersConcerned(play, touched.enrolments)) decide(play, user, now);
}

/** Users whom these enrolments, or others of their portal users, may concern. */
function usersConcerned({ world, index }: Play, enrolments: readonly Enrolment[]): WorldUser[] {
  const all = [...enrolments, ...enrolments.flatMap(({ user }) => world.enrolments.ofPortalUser(user.email))];
  return index.of(all).sort((a, b) => compare(a.sourceId, b.sourceId) || compare(a.user, b.user));
}

function decideSource(play: Play, source: WorldSource, now: number): void {
  for (const user of [...source.users.values()].sort((a, b) => compare(a.user, b.user))) decide(play, user, now);
}

function decide(play: Play, user: WorldUser, now: number): void {
  const source = play.world.sources.get(user.sourceId);
  if (source) for (let round = 0; round < rounds && decideOnce(play, source, { user, now }); round++);
}

/** True when an action changed the server: its consequences are decided in another round. */
function decideOnce(play: Play, source: WorldSource, { user, now }: { user: WorldUser; now: number }): boolean {
  const input = inputOf(play.world, source, { user, now });
  if (input === null) return false;
  const verdicts = decideUser(play.world, source, { user, now });
  const planned = planActions({ devices: input.devices, verdicts: [...verdicts.values()], enforcement: input.enforcement });
  let acted = false;
  for (const device of [...user.devices.values()].sort((a, b) => compare(a.deviceId, b.deviceId))) {
    const verdict = verdicts.get(device.deviceId);
    if (!verdict) continue;
    const wanted = planned.find(({ deviceId }) => deviceId === device.deviceId);
    const action = device.presence === 'present' ? (wanted?.type ?? null) : null;
    recordChange(play, user, { deviceId: device.deviceId, now, after: { verdict: verdict.verdict, rule: verdict.rule }, action });
    if (action === null || wanted === undefined || device.shown === null) continue;
    play.actions[action] += 1;
    acted = true;
    const { purpose, rule } = wanted;
    const about = { actionId: 'replay', type: action, purpose, rule, requestedBy: { kind: 'aq' }, state: 'confirmed', at: now };
    applyEffect(device, { ...about, before: device.shown, after: { ...device.shown, ...effectOf(wanted, device) } });
  }
  return acted;
}

function recordChange(
  { world, supposed, changes }: Play,
  { sourceId, user }: WorldUser,
  { deviceId, now: at, after, action }: { deviceId: string; now: number; after: RuleVerdict; action: SupposedChange['action'] },
): void {
  const of = { sourceId, user, deviceId };
  const key = JSON.stringify([sourceId, user, deviceId]);
  const before = supposed.get(key)?.decided ?? recordedVerdict(world, of);
  supposed.set(key, { of, decided: after });
  if (action === null && before?.verdict === after.verdict && before.rule === after.rule) return;
  changes.push({ at, sourceId, user, deviceId, before, after, action });
}

function collectExpiries({ world, expiries }: Play, now: number): void {
  expiries.length = 0;
  for (const source of world.sources.values())
    for (const user of source.users.values())
      for (const { expiresAt } of user.decisions.values())
        if (expiresAt !== undefined && expiresAt > now) expiries.push({ at: expiresAt, user });
  expiries.sort((a, b) => a.at - b.at || compare(a.user.sourceId, b.user.sourceId) || compare(a.user.user, b.user.user));
}

/** What the server would show of a device after an action of Auto-Quarantine. */
function effectOf({ type, purpose }: PlannedAction, { denial }: WorldDevice): Pick<Shown, 'approval' | 'access'> {
  if (type === 'block') return { approval: 'denied', access: 'deny' };
  return { approval: purpose === 'give-back' ? (denial?.took?.approval ?? 'approved') : 'approved', access: 'allow' };
}

const byAq = z.object({ requestedBy: z.object({ kind: z.literal('aq') }) });

/** What Auto-Quarantine really did: skipped, because its supposed actions replace it. */
function isOurOwn({ kind, data }: JournalLine): boolean {
  return (kind === 'action' || kind === 'action-step') && byAq.safeParse(data).success;
}
