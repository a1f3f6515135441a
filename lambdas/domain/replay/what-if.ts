/**
 * What other settings would have done over a past span of time: the journal is played again, event by event, and every user
 * concerned is decided by `decide` under those settings, with the actions that follow taking effect at once. Pure.
 *
 * What is real and what is supposed (docs/replay.md): everything that came from outside happens as it did (devices,
 * enrolments, decisions and actions of people, what the server showed by itself). What Auto-Quarantine did in reality is left
 * out; what it would have done takes its place. The settings hold from the start of the span on; switched on there, the
 * devices present then are existing ones.
 */
import type { JournalLine } from '#domain/journal/hash-chain';
import type { Settings } from '#domain/quarantine/settings';
import { compare } from '#domain/replay/replay';
import { newWorld, takeLine } from '#domain/replay/replay-world';
import { recordExisting, serveUnder } from '#domain/replay/simulated-server';
import {
  decideAll,
  happen,
  newPlay,
  type Play,
  passTo,
  recordedVerdict,
  type Said,
  type SupposedChange,
} from '#domain/replay/what-if-play';

export type WhatIf = {
  /** Epoch ms: the settings hold from `from` on, and the answer is as of `to`. */
  from: number;
  to: number;
  settings: Settings;
  /** For this source only; left out: for all. */
  sourceId?: string;
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

/** `lines`: in the order of their chains (`linesInOrder`). */
export function whatIf(lines: readonly JournalLine[], { from, to, settings, sourceId }: WhatIf): Supposed {
  const world = newWorld();
  const concerns = (line: JournalLine) => sourceId === undefined || line.sourceId === sourceId || line.sourceId === '*';
  const own = lines.filter((line) => concerns(line) && line.at <= to);
  for (const line of own) if (line.at < from) takeLine(world, line);
  const play = newPlay(world, settings);
  for (const source of world.sources.values()) recordExisting(settings, source);
  for (const source of world.sources.values()) serveUnder(settings, source);
  decideAll(play, from);
  const ahead = own.filter(({ at }) => at >= from);
  // Of the same time: in the order of the chains. The sort is stable.
  for (const line of ahead.sort((a, b) => a.at - b.at)) happen(play, line);
  passTo(play, to);
  return { from, to, ...outcomeOf(play) };
}

function outcomeOf({ world, supposed, changes, actions }: Play): Omit<Supposed, 'from' | 'to'> {
  const perRule = new Map<string, number>();
  const differs: Supposed['differs'] = [];
  for (const [, { of, said }] of [...supposed].sort(([a], [b]) => compare(a, b))) {
    const device = world.sources.get(of.sourceId)?.users.get(of.user)?.devices.get(of.deviceId);
    if (!device || device.presence === 'removed') continue;
    perRule.set(said.rule, (perRule.get(said.rule) ?? 0) + 1);
    const was = recordedVerdict(world, of);
    if (was?.verdict !== said.verdict) differs.push({ ...of, recorded: was, supposed: said });
  }
  return { changes, actions, perRule: Object.fromEntries([...perRule].sort(([a], [b]) => compare(a, b))), differs };
}
