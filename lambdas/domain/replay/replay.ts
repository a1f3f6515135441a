/**
 * Replay: every device's state and verdict at a past time, from the journal alone: the recorded verdict, and beside it what the
 * rules give for the rebuilt inputs (`decide`, the same function). The same lines give the same result, to the byte.
 */

import type { VerdictName } from '#domain/devices/device';
import { commonName } from '#domain/devices/names';
import type { ChainEntry, JournalLine } from '#domain/journal/hash-chain';
import { decide, type Verdict } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { withWithdrawals } from '#domain/quarantine/decisions';
import { baselineOf, effectiveEnforcement, isBaselineOwed, isExisting } from '#domain/quarantine/enforcement';
import { applyLine, newWorld, type World, type WorldDevice, type WorldSource, type WorldUser } from '#domain/replay/replay-world';

export type ReplayedDevice = {
  sourceId: string;
  user: string;
  deviceId: string;
  type: string;
  state: WorldDevice['presence'];
  approval: string;
  access: string;
  wipe: string;
  existing: boolean;
  ourBar: 'block' | 'hold' | null;
  firstSeen: number;
  registeredAt: number;
  /** As recorded then; null while undecided. */
  verdict: VerdictName | null;
  rule: string | null;
  evidence: string | null;
  settingsVersion: number | null;
  decidedAt: number | null;
  /** What the rules give for the same inputs; null if the journal does not hold all of them. */
  recomputed: { verdict: VerdictName; rule: string } | null;
};

/** Lines in the order of their chains, by source, then by number, for entries in any order. Duplicates are dropped. */
export function linesInOrder(entries: readonly ChainEntry[]): JournalLine[] {
  const distinct = new Map(entries.map((entry) => [`${entry.line.sourceId}\n${entry.seq}`, entry]));
  return [...distinct.values()]
    .sort((a, b) => compare(a.line.sourceId, b.line.sourceId) || a.seq - b.seq)
    .map(({ line }) => line);
}

/** The world after everything that happened up to `at` (epoch ms, included). */
export function worldAt(lines: readonly JournalLine[], at: number): World {
  const world = newWorld();
  for (const line of lines) if (line.at <= at) applyLine(world, line);
  return world;
}

/** Every device known at `at`, by source, user and device id. */
export function replayAt(lines: readonly JournalLine[], at: number): ReplayedDevice[] {
  const world = worldAt(lines, at);
  const sources = [...world.sources.values()].sort((a, b) => compare(a.sourceId, b.sourceId));
  return sources.flatMap((source) =>
    [...source.users.values()]
      .sort((a, b) => compare(a.user, b.user))
      .flatMap((user) => {
        const verdicts = decideUser(world, source, { user, now: at });
        return [...user.devices.values()]
          .sort((a, b) => compare(a.deviceId, b.deviceId))
          .map((device) => replayed(source, user, { device, verdicts }));
      }),
  );
}

/** Null if the source's facts or settings are not in the journal. */
export function inputOf(world: World, source: WorldSource, { user, now }: { user: WorldUser; now: number }): DecideInput | null {
  const { facts, settings } = source;
  if (facts === null || settings === null) return null;
  const devices = [...user.devices.values()].filter(({ presence }) => presence !== 'removed');
  const links = [...user.links.values()];
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  const { enrolments, sameNamePortalUsers } = world.enrolments.candidates(user.user, deviceIds, links);
  return {
    now,
    user: user.user,
    settings: settings.settings,
    server: { requiresApproval: facts.server.requiresApproval, aqSupport: facts.server.aqSupport },
    enforcement: effectiveEnforcement(facts.enforcement, facts.server),
    baseline: baselineOf(facts, settings.settings),
    enrolmentFeed: world.feed,
    devices: devices.map((device) => factsOf(device, facts)),
    enrolments,
    links,
    sameName: {
      portalUsers: sameNamePortalUsers,
      travelerUsers: sameNamePortalUsers.length === 0 ? [user.user] : namesakes(source, user.user),
    },
    decisions: withWithdrawals([...user.decisions.values()], [...user.withdrawals.values()]),
  };
}

export function decideUser(world: World, source: WorldSource, about: { user: WorldUser; now: number }): Map<string, Verdict> {
  const input = inputOf(world, source, about);
  return new Map(input === null ? [] : decide(input).map((verdict) => [verdict.deviceId, verdict]));
}

function factsOf(
  { deviceId, type, registeredAt, denial, shown, baselineRun, baselineOwed = null }: WorldDevice,
  { baselineRuns }: { baselineRuns: readonly string[] },
): DecideInput['devices'][number] {
  const existing = isExisting({ baselineRun }, { baselineRuns });
  const baseline = isBaselineOwed({ baselineOwed }, { baselineRuns }) ? { baselineOwed: true } : {};
  return { deviceId, type, registeredAt, denial, openAction: null, existing, ...baseline, detail: shown };
}

/** Traveler users of the source with the same common name, this one included. */
function namesakes({ users }: WorldSource, user: string): string[] {
  const name = commonName(user).toLowerCase();
  const sharing = [...users.values()].filter((one) => one.devices.size > 0 && commonName(one.user).toLowerCase() === name);
  return [...new Set([user, ...sharing.map((one) => one.user)])];
}

function replayed(
  { sourceId, facts }: WorldSource,
  { user }: WorldUser,
  { device, verdicts }: { device: WorldDevice; verdicts: ReadonlyMap<string, Verdict> },
): ReplayedDevice {
  const { deviceId, type, presence, firstSeen, registeredAt, baselineRun, denial, shown, verdict } = device;
  const now = verdicts.get(deviceId);
  return {
    ...{ sourceId, user, deviceId, type, state: presence },
    approval: shown?.approval ?? 'unknown',
    access: shown?.access ?? 'unknown',
    wipe: shown?.wipe ?? 'unknown',
    existing: baselineRun !== null && (facts?.baselineRuns.includes(baselineRun) ?? false),
    ourBar: denial?.kind ?? null,
    ...{ firstSeen, registeredAt },
    verdict: verdict?.verdict ?? null,
    rule: verdict?.rule ?? null,
    evidence: verdict?.evidence ?? null,
    settingsVersion: verdict?.settingsVersion ?? null,
    decidedAt: verdict?.at ?? null,
    recomputed: now === undefined ? null : { verdict: now.verdict, rule: now.rule },
  };
}

/** By code units: the same in every locale. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
