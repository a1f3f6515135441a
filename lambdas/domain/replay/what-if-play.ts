/** The past played again under supposed settings: its state, and what each event of the journal does to it. */
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
  type Touched,
  takeEffect,
  takeLine,
  type World,
  type WorldDevice,
  type WorldSource,
  type WorldUser,
} from '#domain/replay/replay-world';
import { registerUnder, serveUnder } from '#domain/replay/simulated-server';

export type Said = { verdict: VerdictName; rule: string };
export type SupposedChange = {
  at: number;
  sourceId: string;
  user: string;
  deviceId: string;
  before: Said | null;
  after: Said;
  action: 'approve' | 'block' | null;
};
/** Changed in place as the events of the journal happen, as the world is. */
export type Play = {
  readonly world: World;
  readonly settings: Settings;
  /** What each device was last decided to be, by its key. */
  readonly supposed: Map<string, { of: DeviceKey; said: Said }>;
  readonly index: ReturnType<typeof userIndex<WorldUser>>;
  readonly changes: SupposedChange[];
  readonly actions: { approve: number; block: number };
  /** Ends of decisions, by time: they change verdicts without anything happening. */
  readonly endings: { at: number; user: WorldUser }[];
};

/** A place that is freed and taken moves others: that ends long before this. */
const rounds = 20;

export function newPlay(world: World, settings: Settings): Play {
  const index = userIndex([...world.sources.values()].flatMap((source) => [...source.users.values()]));
  return { world, settings, supposed: new Map(), index, changes: [], actions: { approve: 0, block: 0 }, endings: [] };
}

/** One line of the journal; what decisions ended before it comes first. */
export function happen(play: Play, line: JournalLine): void {
  passTo(play, line.at);
  if (line.kind === 'settings' || isOurOwn(line)) return;
  const touch = takeLine(play.world, line);
  if (touch?.kind === 'source') serveUnder(play.settings, touch.source);
  if (line.kind === 'discovered' && touch?.kind === 'user') registerUnder(play.settings, touch.user, line);
  decideTouched(play, touch, line.at);
  if (line.kind === 'decision') noteEndings(play, line.at);
}

/** Time passes up to `at` (epoch ms): decisions that end by then end. */
export function passTo(play: Play, at: number): void {
  const { endings } = play;
  for (let next = endings[0]; next !== undefined && next.at <= at; next = endings[0]) {
    endings.shift();
    decide(play, next.user, next.at);
  }
}

export function decideAll(play: Play, now: number): void {
  for (const source of [...play.world.sources.values()].sort((a, b) => compare(a.sourceId, b.sourceId)))
    decideSource(play, source, now);
  noteEndings(play, now);
}

/** What was really decided of a device, as far as the journal was played. */
export function recordedVerdict(world: World, key: DeviceKey): Said | null {
  const recorded = world.sources.get(key.sourceId)?.users.get(key.user)?.devices.get(key.deviceId)?.verdict;
  return recorded ? { verdict: recorded.verdict, rule: recorded.rule } : null;
}

function decideTouched(play: Play, touch: Touched, now: number): void {
  if (touch === null) return;
  if (touch.kind === 'user') play.index.add(touch.user);
  if (touch.kind === 'user') decide(play, touch.user, now);
  else if (touch.kind === 'source') decideSource(play, touch.source, now);
  else if (touch.kind === 'everyone') decideAll(play, now);
  else for (const user of usersConcerned(play, touch.enrolments)) decide(play, user, now);
}

/** Users whom these enrolments, or others of their portal users, lead to. */
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

/** True when an action changed the server: what follows from that is decided in another round. */
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
    note(play, user, { deviceId: device.deviceId, now, after: { verdict: verdict.verdict, rule: verdict.rule }, action });
    if (action === null || wanted === undefined || device.shown === null) continue;
    play.actions[action] += 1;
    acted = true;
    const { purpose, rule } = wanted;
    const about = { actionId: 'replay', type: action, purpose, rule, requestedBy: { kind: 'aq' }, state: 'confirmed', at: now };
    takeEffect(device, { ...about, before: device.shown, after: { ...device.shown, ...effectOf(wanted, device) } });
  }
  return acted;
}

function note(
  { world, supposed, changes }: Play,
  { sourceId, user }: WorldUser,
  { deviceId, now: at, after, action }: { deviceId: string; now: number; after: Said; action: SupposedChange['action'] },
): void {
  const of = { sourceId, user, deviceId };
  const key = JSON.stringify([sourceId, user, deviceId]);
  const before = supposed.get(key)?.said ?? recordedVerdict(world, of);
  supposed.set(key, { of, said: after });
  if (action === null && before?.verdict === after.verdict && before.rule === after.rule) return;
  changes.push({ at, sourceId, user, deviceId, before, after, action });
}

function noteEndings({ world, endings }: Play, now: number): void {
  endings.length = 0;
  for (const source of world.sources.values())
    for (const user of source.users.values())
      for (const { expiresAt } of user.decisions.values())
        if (expiresAt !== undefined && expiresAt > now) endings.push({ at: expiresAt, user });
  endings.sort((a, b) => a.at - b.at || compare(a.user.sourceId, b.user.sourceId) || compare(a.user.user, b.user.user));
}

/** What the server would show of a device after an action of Auto-Quarantine. */
function effectOf({ type, purpose }: PlannedAction, { denial }: WorldDevice): Pick<Shown, 'approval' | 'access'> {
  if (type === 'block') return { approval: 'denied', access: 'deny' };
  return { approval: purpose === 'give-back' ? (denial?.took?.approval ?? 'approved') : 'approved', access: 'allow' };
}

const byAq = z.object({ requestedBy: z.object({ kind: z.literal('aq') }) });

/** What Auto-Quarantine did in reality: left out, for what it would have done takes its place. */
function isOurOwn({ kind, data }: JournalLine): boolean {
  return (kind === 'action' || kind === 'action-step') && byAq.safeParse(data).success;
}
