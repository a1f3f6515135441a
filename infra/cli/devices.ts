/** `devices`, `device`: which devices there are and why, and one of them with its timeline. */
import { Option } from 'commander';
import colors from 'picocolors';
import { verdictName } from '#domain/devices/device';
import type { ApiClient } from './api-client.ts';
import { firstOf } from './api-pages.ts';
import { devicePage, deviceWithTimeline } from './api-shapes.ts';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { showDevice, showDevices } from './format-answers.ts';

export function addDeviceCommands({ command, api, print }: CommandLine): void {
  command('devices', 'devices with verdict and reason')
    .option('--source <id>')
    .option('--user <name>', 'the Traveler user')
    .addOption(new Option('--verdict <verdict>').choices(verdictName.options))
    .option('--q <text>', 'part of a user name or device id')
    .option('--limit <n>', 'at most so many', '100')
    .action(async ({ json, ...query }: Output & Record<string, string>) => {
      const page = await (await api()).get(`/devices?${new URLSearchParams(query)}`, devicePage);
      await print({ ...(json ? { json } : {}) }, page, ({ devices, cursor }) =>
        [
          showDevices(devices, process.stdout.columns),
          ...(cursor ? [colors.dim('… there are more: use --user, --verdict, --q or --limit')] : []),
        ].join('\n'),
      );
    });

  command('device <source> <user> <device>', 'one device with its timeline')
    .option('--all', 'the whole timeline, not only its newest lines')
    .action(async (source: string, user: string, device: string, { all, ...output }: Output & { all?: boolean }) =>
      print(output, await readDevice(await api(), encoded(source, user, device), { all: all === true }), showDevice),
    );
}

/** With `all` the whole timeline, otherwise its newest page. */
async function readDevice(api: ApiClient, path: string, { all }: { all: boolean }) {
  const readPage = (cursor: string) => api.get(`/devices/${path}?${new URLSearchParams({ cursor })}`, deviceWithTimeline);
  const first = await readPage('');
  if (!all || first.cursor === null) return first;
  const older = await firstOf((cursor) => readPage(cursor || (first.cursor ?? '')), { itemsOf: ({ timeline }) => timeline });
  return { ...first, timeline: [...first.timeline, ...older.items], cursor: null };
}
