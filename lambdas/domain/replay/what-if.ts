/**
 * What other settings would have done over a past period: the journal is replayed line by line, and every user concerned is
 * decided by `decide` under those settings; the resulting actions take effect at once. Pure.
 *
 * What is real and what is supposed (docs/replay.md): everything from outside happens as it did (devices, enrolments, decisions
 * and actions of people, changes on the server). What Auto-Quarantine really did is skipped and replaced by what it would have
 * done. The settings apply from the start of the period; if that switches Auto-Quarantine on, the devices present then are
 * existing ones.
 */
import type { JournalLine } from '#domain/journal/hash-chain';
import type { Settings } from '#domain/quarantine/settings';
import { compare } from '#domain/replay/replay';
import { applyLine, newWorld } from '#domain/replay/replay-world';
import { recordExisting, serveUnder } from '#domain/replay/simulated-server';
import {
  advanceTo,
  decideAll,
  newPlay,
  type Play,
  playLine,
  type RuleVerdict,
  recordedVerdict,
  type SupposedChange,
} from '#domain/replay/what-if-play';

export type WhatIf = {
  /** Epoch ms: the settings apply from `from` on, and the result is as of `to`. */
  from: number;
  to: number;
  settings: Settings;
  /** For this source only; absent: for all. */
  sourceId?: string;
};
export type Supposed = {
  from: number;
  to: number;
  /** Every change of a verdict, in the order in which it would have happened. */
  changes: SupposedChange[];
  /** Actions that would have been requested, over the whole period. */
  actions: { approve: number; block: number };
  /** Devices at the end, by the rule that decides then. */
  perRule: Record<string, number>;
  /** Devices whose verdict at the end would differ from the recorded one. */
  differs: { sourceId: string; user: string; deviceId: string; recorded: RuleVerdict | null; supposed: RuleVerdict }[];
};

/** `lines`: in the order of their chains (`linesInOrder`). */
export function whatIf(lines: readonly JournalLine[], { from, to, settings, sourceId }: WhatIf): Supposed {
  const world = newWorld();
  const concerns = (line: JournalLine) => sourceId === undefined || line.sourceId === sourceId || line.sourceId === '*';
  const own = lines.filter((line) => concerns(line) && line.at <= to);
  for (const line of own) if (line.at < from) applyLine(world, line);
  const play = newPlay(world, settings);
  for (const source of world.sources.values()) recordExisting(settings, source);
  for (const source of world.sources.values()) serveUnder(settings, source);
  decideAll(play, from);
  const ahead = own.filter(({ at }) => at >= from);
  // The sort is stable: lines of the same time stay in the order of their chains.
  for (const line of ahead.sort((a, b) => a.at - b.at)) playLine(play, line);
  advanceTo(play, to);
  return { from, to, ...outcomeOf(play) };
}

function outcomeOf({ world, supposed, changes, actions }: Play): Omit<Supposed, 'from' | 'to'> {
  const perRule = new Map<string, number>();
  const differs: Supposed['differs'] = [];
  for (const [, { of, decided }] of [...supposed].sort(([a], [b]) => compare(a, b))) {
    const device = world.sources.get(of.sourceId)?.users.get(of.user)?.devices.get(of.deviceId);
    if (!device || device.presence === 'removed') continue;
    perRule.set(decided.rule, (perRule.get(decided.rule) ?? 0) + 1);
    const was = recordedVerdict(world, of);
    if (was?.verdict !== decided.verdict) differs.push({ ...of, recorded: was, supposed: decided });
  }
  return { changes, actions, perRule: Object.fromEntries([...perRule].sort(([a], [b]) => compare(a, b))), differs };
}
