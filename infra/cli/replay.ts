/** `replay`: every device's state and verdict at a past time, or what other settings would have done over the last days. */
import { z } from 'zod';
import type { ChainEntry, JournalLine } from '#domain/journal/hash-chain';
import { defaultSettings, type Settings, settings as settingsSchema } from '#domain/quarantine/settings';
import { linesInOrder, type ReplayedDevice, replayAt } from '#domain/replay/replay';
import { type Supposed, whatIf } from '#domain/replay/what-if';
import { ApiRefusal } from './api-client.ts';
import type { CommandLine, Output } from './command-line.ts';
import { journalOfApi, journalOfFile } from './journal-source.ts';
import { jsonOfFile } from './read-file.ts';
import { table } from './table.ts';

type Options = Output & { at?: string; settings?: string; days: string; to?: string; source?: string; journal?: string };

const day = 24 * 3_600_000;
const given = z.strictObject(settingsSchema.shape).partial();

export function addReplayCommand({ command, api, say }: CommandLine): void {
  command('replay', 'rebuilds a past state from the journal, or tells what other settings would have done')
    .option('--at <time>', 'every device as it was then: ISO 8601, or epoch ms')
    .option('--settings <file>', 'JSON; options that are left out have their default')
    .option('--days <n>', 'with --settings: over so many days', '7')
    .option('--to <time>', 'with --settings: up to then; left out: the last line of the journal')
    .option('--source <id>', 'this source only')
    .option('--journal <file>', 'an exported journal (JSON lines); left out: read from the API')
    .action(async (options: Options) => {
      if ((options.at === undefined) === (options.settings === undefined))
        throw new ApiRefusal(null, 'Give either --at TIME, or --settings FILE with --days N.');
      const entries = options.journal === undefined ? await journalOfApi(await api()) : await journalOfFile(options.journal);
      const lines = linesOf(entries, options.source);
      if (options.at !== undefined) return printDevices(say, replayAt(lines, timeOf(options.at, '--at')), options);
      const to = options.to === undefined ? lastOf(lines) : timeOf(options.to, '--to');
      const settings = await settingsOf(options.settings ?? '');
      const span = { from: to - daysOf(options.days) * day, to, settings };
      const supposed = whatIf(lines, { ...span, ...(options.source === undefined ? {} : { sourceId: options.source }) });
      say(options.json ? JSON.stringify(readable(supposed), null, 2) : showSupposed(supposed));
    });
}

/** Lines of one source, and those of no particular source. */
function linesOf(entries: readonly ChainEntry[], source: string | undefined): JournalLine[] {
  return linesInOrder(entries).filter(({ sourceId }) => source === undefined || sourceId === source || sourceId === '*');
}

/** With `--json` one device per line, so that two replays can be compared line by line. */
function printDevices(say: (text: string) => void, devices: readonly ReplayedDevice[], { json }: Output): void {
  if (json) {
    for (const device of devices) say(JSON.stringify(device));
    return;
  }
  const rows = devices.map(({ sourceId, user, deviceId, state, approval, access, verdict, rule, recomputed }) => [
    ...[sourceId, user, deviceId, state, approval, access, verdict ?? 'not decided', rule ?? ''],
    recomputed === null || (recomputed.verdict === verdict && recomputed.rule === rule)
      ? ''
      : `${recomputed.verdict} (${recomputed.rule})`,
  ]);
  const headings = ['source', 'user', 'device', 'state', 'approval', 'access', 'verdict', 'rule', 'the rules now say'];
  say(devices.length === 0 ? 'The journal knows no device of that time.' : table(headings, rows));
}

export function showSupposed({ from, to, changes, actions, perRule, differs }: Supposed): string {
  const rules = Object.entries(perRule).map(([rule, count]) => [rule, String(count)]);
  const rows = differs.map(({ sourceId, user, deviceId, recorded, supposed }) => [
    ...[sourceId, user, deviceId, recorded?.verdict ?? 'not decided', supposed.verdict, supposed.rule],
  ]);
  return [
    `From ${iso(from)} to ${iso(to)} these settings would have asked for ${actions.approve} approvals and ${actions.block} blocks,`,
    `with ${changes.length} changes of verdicts. At the end:`,
    table(['rule', 'devices'], rules),
    differs.length === 0 ? '\nNo device would have ended with another verdict.' : '\nWith another verdict at the end:',
    ...(differs.length === 0 ? [] : [table(['source', 'user', 'device', 'recorded', 'would be', 'rule'], rows)]),
  ].join('\n');
}

const iso = (at: number): string => new Date(at).toISOString();
const readable = ({ from, to, changes, ...rest }: Supposed) => ({
  ...{ from: iso(from), to: iso(to), ...rest },
  changes: changes.map(({ at, ...change }) => ({ at: iso(at), ...change })),
});

function timeOf(text: string, option: string): number {
  const at = /^\d{11,}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(at)) throw new ApiRefusal(null, `${option} ${text}: write a time as 2026-03-01T08:15:00Z, or as epoch ms.`);
  return at;
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!(days > 0)) throw new ApiRefusal(null, `--days ${text}: a number above 0.`);
  return days;
}

function lastOf(lines: readonly JournalLine[]): number {
  if (lines.length === 0) throw new ApiRefusal(null, 'The journal is empty: there is nothing to replay.');
  return lines.reduce((last, { at }) => Math.max(last, at), 0);
}

async function settingsOf(file: string): Promise<Settings> {
  const parsed = given.safeParse(await jsonOfFile(file));
  if (parsed.success) return settingsSchema.parse({ ...defaultSettings, ...parsed.data });
  const faults = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw new ApiRefusal(null, [`${file} holds no settings:`, ...faults].join('\n'));
}
