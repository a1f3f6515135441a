/**
 * What other settings would have done over a past span of time: the journal is played again, event by event, and every user
 * concerned is decided by `decide` under those settings, with the actions that follow taking effect at once. Pure.
 *
 * What is real and what is supposed (docs/replay.md): everything that came from outside happens as it did (devices,
 * enrolments, decisions and actions of people, what the server showed by itself). What Auto-Quarantine did in reality is left
 * out; what it would have done takes its place. The settings hold from the start of the span on; switched on there, the
 * devices present then are existing ones.
 */
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
  newWorld,
  type Touched,
  takeEffect,
  takeLine,
  type World,
  type WorldDevice,
  type WorldSource,
  type WorldUser,
} from '#domain/replay/replay-world';
import { recordExisting, registerUnder, serveUnder } from '#domain/replay/simulated-server';

export type WhatIf = {
  /** Epoch ms: the settings hold from `from` on, and the answer is as of `to`. */
  from: number;
  to: number;
  settings: Settings;
  /** For this source only; left out: for all. */
  sourceId?: string;
};
type Said = { verdict: VerdictName; rule: string };
export type SupposedChange = {
  at: number;
  sourceId: string;
  user: string;
  deviceId: string;
  before: Said | null;
  after: Said;
  action: 'approve' | 'block' | null;
};
export type Supposed = {
  from: number;
  to: number;
  /** Every change of a verdict, in the order in which it would have happened. */
  changes: SupposedChange[];
  /** Actions that would have been asked for, over the whole span. */
  actions: { approve: number; block: number };
  /** Devices at the end, by the rule that decides then. */
  perRule: Record<string, number>;
  /** Devices whose verdict at the end would be another than the one that was recorded. */
  differs: { sourceId: string; user: string; deviceId: string; recorded: Said | null; supposed: Said }[];
};

/** A place that is freed and taken moves others: that ends long before this. */
const rounds = 20;

/** `lines`: in the order of their chains (`linesInOrder`). */
export function whatIf(lines: readonly JournalLine[], { from, to, settings, sourceId }: WhatIf): Supposed {
  const world = newWorld();
  const concerns = (line: JournalLine) => sourceId === undefined || line.sourceId === sourceId || line.sourceId === '*';
  const own = lines.filter((line) => concerns(line) && line.at <= to);
  for (const line of own) if (line.at < from) takeLine(world, line);
  const play = player(world, settings);
  for (const source of world.sources.values()) recordExisting(settings, source);
  for (const source of world.sources.values()) serveUnder(settings, source);
  play.decideAll(from);
  const ahead = own.filter(({ at }) => at >= from);
  // Of the same time: in the order of the chains. The sort is stable.
  for (const line of ahead.sort((a, b) => a.at - b.at)) play.happen(line);
  play.passTo(to);
  return { from, to, ...play.outcome() };
}

function player(world: World, settings: Settings) {
  const supposed = new Map<string, { of: DeviceKey; said: Said }>();
  const index = userIndex([...world.sources.values()].flatMap((source) => [...source.users.values()]));
  const changes: SupposedChange[] = [];
  const actions = { approve: 0, block: 0 };
  /** Ends of decisions, by time: they change verdicts without anything happening. */
  const endings: { at: number; user: WorldUser }[] = [];

  function decideOnce(source: WorldSource, user: WorldUser, now: number): boolean {
    const input = inputOf(world, source, { user, now });
    if (input === null) return false;
    const verdicts = decideUser(world, source, { user, now });
    const planned = planActions({ devices: input.devices, verdicts: [...verdicts.values()], enforcement: input.enforcement });
    let acted = false;
    for (const device of [...user.devices.values()].sort((a, b) => compare(a.deviceId, b.deviceId))) {
      const verdict = verdicts.get(device.deviceId);
      if (!verdict) continue;
      const wanted = planned.find(({ deviceId }) => deviceId === device.deviceId);
      const action = device.presence === 'present' ? (wanted?.type ?? null) : null;
      note(user, { deviceId: device.deviceId, now, after: { verdict: verdict.verdict, rule: verdict.rule }, action });
      if (action === null || wanted === undefined || device.shown === null) continue;
      actions[action] += 1;
      acted = true;
      const { purpose, rule } = wanted;
      const about = { actionId: 'replay', type: action, purpose, rule, requestedBy: { kind: 'aq' }, state: 'confirmed', at: now };
      takeEffect(device, { ...about, before: device.shown, after: { ...device.shown, ...effectOf(wanted, device) } });
    }
    return acted;
  }

  function note(
    { sourceId, user }: WorldUser,
    { deviceId, now: at, after, action }: { deviceId: string; now: number; after: Said; action: SupposedChange['action'] },
  ): void {
    const of = { sourceId, user, deviceId };
    const key = JSON.stringify([sourceId, user, deviceId]);
    const before = supposed.get(key)?.said ?? recorded(world, of);
    supposed.set(key, { of, said: after });
    if (action === null && before?.verdict === after.verdict && before.rule === after.rule) return;
    changes.push({ at, sourceId, user, deviceId, before, after, action });
  }

  function decide(user: WorldUser, now: number): void {
    const source = world.sources.get(user.sourceId);
    if (source) for (let round = 0; round < rounds && decideOnce(source, user, now); round++);
  }
  const decideSource = (source: WorldSource, now: number) => {
    for (const user of [...source.users.values()].sort((a, b) => compare(a.user, b.user))) decide(user, now);
  };
  function decideAll(now: number): void {
    for (const source of [...world.sources.values()].sort((a, b) => compare(a.sourceId, b.sourceId))) decideSource(source, now);
    noteEndings(now);
  }

  function noteEndings(now: number): void {
    endings.length = 0;
    for (const source of world.sources.values())
      for (const user of source.users.values())
        for (const { expiresAt } of user.decisions.values())
          if (expiresAt !== undefined && expiresAt > now) endings.push({ at: expiresAt, user });
    endings.sort((a, b) => a.at - b.at || compare(a.user.sourceId, b.user.sourceId) || compare(a.user.user, b.user.user));
  }

  function passTo(at: number): void {
    for (let next = endings[0]; next !== undefined && next.at <= at; next = endings[0]) {
      endings.shift();
      decide(next.user, next.at);
    }
  }

  /** Users whom these enrolments, or others of their portal users, lead to. */
  function usersConcerned(enrolments: readonly Enrolment[]): WorldUser[] {
    const all = [...enrolments, ...enrolments.flatMap(({ user }) => world.enrolments.ofPortalUser(user.email))];
    return index.of(all).sort((a, b) => compare(a.sourceId, b.sourceId) || compare(a.user, b.user));
  }

  function touched(touch: Touched, now: number): void {
    if (touch === null) return;
    if (touch.kind === 'user') index.add(touch.user);
    if (touch.kind === 'user') decide(touch.user, now);
    else if (touch.kind === 'source') decideSource(touch.source, now);
    else if (touch.kind === 'everyone') decideAll(now);
    else for (const user of usersConcerned(touch.enrolments)) decide(user, now);
  }

  return {
    decideAll,
    passTo,

    happen(line: JournalLine): void {
      passTo(line.at);
      if (line.kind === 'settings' || isOurOwn(line)) return;
      const touch = takeLine(world, line);
      if (touch?.kind === 'source') serveUnder(settings, touch.source);
      if (line.kind === 'discovered' && touch?.kind === 'user') registerUnder(settings, touch.user, line);
      touched(touch, line.at);
      if (line.kind === 'decision') noteEndings(line.at);
    },

    outcome(): Omit<Supposed, 'from' | 'to'> {
      const perRule = new Map<string, number>();
      const differs: Supposed['differs'] = [];
      for (const [, { of, said }] of [...supposed].sort(([a], [b]) => compare(a, b))) {
        const device = world.sources.get(of.sourceId)?.users.get(of.user)?.devices.get(of.deviceId);
        if (!device || device.presence === 'removed') continue;
        perRule.set(said.rule, (perRule.get(said.rule) ?? 0) + 1);
        const was = recorded(world, of);
        if (was?.verdict !== said.verdict) differs.push({ ...of, recorded: was, supposed: said });
      }
      return { changes, actions, perRule: Object.fromEntries([...perRule].sort(([a], [b]) => compare(a, b))), differs };
    },
  };
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

function recorded(world: World, key: DeviceKey): Said | null {
  const told = world.sources.get(key.sourceId)?.users.get(key.user)?.devices.get(key.deviceId)?.verdict;
  return told ? { verdict: told.verdict, rule: told.rule } : null;
}
