/** `bulk show|cancel`, and following a bulk to its end with one line of progress. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { plain } from './table.ts';

export const bulk = z.object({
  bulkId: z.string(),
  actions: z.number(),
  ended: z.number(),
  staged: z.number(),
  states: z.record(z.string(), z.number()),
  refused: z.number(),
  refusals: z.array(z.object({ actionId: z.string(), because: z.string() })),
  estimatedEnd: z.string().nullable(),
  cancelledAt: z.string().nullable(),
});
export type Bulk = z.infer<typeof bulk>;

const pollEveryMs = 1_000;
const limits = { actions: 10_000, bytes: 5_000_000 };
const barWidth = 24;

/** Splits actions into requests as large as the API accepts: 10,000 actions, and well below the 6 MB limit of its function. */
export function inRequests<T>(actions: readonly T[]): T[][] {
  const requests: T[][] = [];
  let bytes = 0;
  for (const action of actions) {
    const size = Buffer.byteLength(JSON.stringify(action)) + 1;
    const current = requests.at(-1);
    if (current === undefined || current.length >= limits.actions || bytes + size > limits.bytes) {
      requests.push([action]);
      bytes = size;
    } else {
      current.push(action);
      bytes += size;
    }
  }
  return requests;
}

/** `[#####-----] 4,211 of 10,000: confirmed 4,200, failed 11; about 2 min left` */
export function lineOf({ actions, ended, states, staged, refused, estimatedEnd, cancelledAt }: Bulk, now: number): string {
  const filled = Math.floor((barWidth * ended) / Math.max(1, actions));
  const counts = {
    ...states,
    'not yet requested': staged,
    [cancelledAt === null ? 'refused' : 'refused or never requested']: refused,
  };
  const parts = Object.entries(counts).flatMap(([state, count]) => (count > 0 ? [`${state} ${figure(count)}`] : []));
  const left = estimatedEnd === null ? '' : `; about ${duration(Date.parse(estimatedEnd) - now)} left`;
  const end = cancelledAt === null ? left : '; cancelled';
  return `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}] ${figure(ended)} of ${figure(actions)}: ${parts.join(', ')}${end}`;
}

const figure = (count: number) => count.toLocaleString('en');
const duration = (ms: number) => (ms < 90_000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60_000)} min`);

type Followed = { bulkId: string; actions: number; wait: boolean; json: boolean };

export async function followBulk({ say }: CommandLine, api: ApiClient, { bulkId, wait, json }: Followed): Promise<void> {
  const read = () => api.get(`/bulks/${encoded(bulkId)}`, bulk);
  const live = process.stdout.isTTY && !json;
  if (!json) say(`bulk ${bulkId}; call it off with: npm run extender -- bulk cancel ${bulkId}`);
  let current = await read();
  while (wait && current.ended < current.actions) {
    if (live) process.stdout.write(`\r\x1b[K${lineOf(current, Date.now())}`);
    await pause(pollEveryMs);
    current = await read();
  }
  if (live) process.stdout.write('\r\x1b[K');
  say(json ? JSON.stringify(current, null, 2) : showBulk(current));
  if (current.refused > 0 || (current.states.failed ?? 0) > 0) process.exitCode = 1;
}

/** The API names the first of the refused actions. */
export function showBulk(one: Bulk): string {
  const refusals = one.refusals.map(({ actionId, because }) => `  ${plain(actionId)}: ${plain(because)}`);
  const unnamed = one.refused - one.refusals.length;
  if (unnamed > 0 && refusals.length > 0 && one.cancelledAt === null) refusals.push(`  … and ${unnamed} more`);
  return [lineOf(one, Date.now()), ...(refusals.length > 0 ? ['refused:', ...refusals] : [])].join('\n');
}

export function addBulkCommands({ command, api, print }: CommandLine): void {
  command('bulk <what> <id>', 'show: how far many actions are; cancel: calls off what has not gone out').action(
    async (what: string, id: string, output: Output) => {
      const client = await api();
      const path = `/bulks/${encoded(id)}`;
      const answer = what === 'cancel' ? await client.post(`${path}/cancel`, {}, bulk) : await client.get(path, bulk);
      await print(output, answer, showBulk);
    },
  );
}
