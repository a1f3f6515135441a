/** `approve`, `block`, `remove`, `wipe`, `cancel-wipe` of one device; `approve` and `block` also of many (`--file`, `--query`). */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { type ActionType, actionType } from '#domain/actions/action';
import { type ApiClient, ApiRefusal } from './api-client.ts';
import { firstOf } from './api-pages.ts';
import { acceptedAction, devicePage } from './api-shapes.ts';
import { followBulk, inRequests } from './bulk.ts';
import type { CommandLine, Output } from './command-line.ts';
import { textOfFile } from './read-file.ts';

type Target = { sourceId: string; user: string; deviceId: string };
type DecisionOptions = Output & { by: string; reason?: string };
type BulkOptions = DecisionOptions & { file?: string; query?: string; wait: boolean };
/** The command of each type of action: its description, and the function that adds it with its arguments and options. */
const commands: Record<ActionType, { description: string; add: (line: CommandLine, command: CommandText) => void }> = {
  approve: { description: 'approves a device; this decision stands until it is withdrawn', add: addDecision },
  block: { description: 'blocks a device; this decision stands until it is withdrawn', add: addDecision },
  remove: { description: 'removes a device from the Traveler server', add: addSimple },
  wipe: { description: 'wipes a device, or what is named with --what', add: addWipe },
  'cancel-wipe': { description: 'calls off a wipe that the device has not fetched', add: addSimple },
};
type CommandText = { type: ActionType; description: string };

/** The fields of each request besides its target. */
const requestOf = (type: ActionType, { by, reason }: DecisionOptions) => ({
  type,
  requestedAt: new Date().toISOString(),
  requestedBy: { kind: 'person', name: by },
  ...(reason === undefined ? {} : { reason }),
});
const jsonOf = ({ json }: Output): Output => (json ? { json } : {});

export function addRequestCommands(line: CommandLine): void {
  for (const type of actionType.options) commands[type].add(line, { type, description: commands[type].description });
}

const requestCommand = (line: CommandLine, usage: string, description: string) =>
  line.command(usage, description).option('--reason <text>').option('--by <name>', 'who decides', userInfo().username);

/** For one device, or for many. */
function addDecision(line: CommandLine, { type, description }: CommandText): void {
  requestCommand(line, `${type} [source] [user] [device]`, description)
    .option('--file <csv>', 'many: a file with the columns source,user,device')
    .option('--query <filter>', 'many: every device that the filter of GET /devices gives, as verdict=hold&source=cloud')
    .option('--no-wait', 'of many: do not follow them to their end')
    .action(
      async (sourceId: string | undefined, user: string | undefined, deviceId: string | undefined, options: BulkOptions) => {
        const api = await line.api();
        if (options.file !== undefined || options.query !== undefined) {
          const targets = await targetsOf(api, options);
          return requestMany(line, api, { type, targets, options });
        }
        if (!sourceId || !user || !deviceId)
          throw new ApiRefusal(null, `Name a device (source, user, device), a --file or a --query.`);
        await requestOne(line, { ...requestOf(type, options), target: { sourceId, user, deviceId } }, options);
      },
    );
}

function addSimple(line: CommandLine, { type, description }: CommandText): void {
  requestCommand(line, `${type} <source> <user> <device>`, description).action(
    (sourceId: string, user: string, deviceId: string, options: DecisionOptions) =>
      requestOne(line, { ...requestOf(type, options), target: { sourceId, user, deviceId } }, options),
  );
}

function addWipe(line: CommandLine, { type, description }: CommandText): void {
  requestCommand(line, `${type} <source> <user> <device>`, description)
    .option('--what <parts>', 'device, apps, storage-card; several joined by commas', 'device')
    .action((sourceId: string, user: string, deviceId: string, options: DecisionOptions & { what: string }) => {
      const target = { sourceId, user, deviceId };
      return requestOne(line, { ...requestOf(type, options), target, wipe: options.what.split(',') }, options);
    });
}

async function requestOne({ api, print }: CommandLine, request: object, output: Output): Promise<void> {
  const answer = await (await api()).post('/actions', { actionId: randomUUID(), ...request }, acceptedAction);
  await print(jsonOf(output), answer, ({ actionId, state }) => `${state}: action ${actionId}`);
}

async function requestMany(
  line: CommandLine,
  api: ApiClient,
  { type, targets, options }: { type: ActionType; targets: Target[]; options: BulkOptions },
): Promise<void> {
  if (targets.length === 0) throw new ApiRefusal(null, 'No device is meant by that; nothing was done.');
  const common = requestOf(type, options);
  const actions = targets.map((target) => ({ actionId: randomUUID(), ...common, target }));
  for (const some of inRequests(actions)) {
    const accepted = await api.post('/actions', { bulkId: randomUUID(), actions: some }, acceptedBulk);
    await followBulk(line, api, { ...accepted, wait: options.wait, json: options.json ?? false });
  }
}
const acceptedBulk = z.object({ bulkId: z.string(), actions: z.number() });

async function targetsOf(api: ApiClient, { file, query }: BulkOptions): Promise<Target[]> {
  const found = [...(file === undefined ? [] : readTargets(await textOfFile(file))), ...(await queried(api, query))];
  return [...new Map(found.map((target) => [JSON.stringify([target.sourceId, target.user, target.deviceId]), target])).values()];
}

async function queried(api: ApiClient, query: string | undefined): Promise<Target[]> {
  if (query === undefined) return [];
  const filter = new URLSearchParams({ limit: '500', ...Object.fromEntries(new URLSearchParams(query)) });
  const readPage = (cursor: string) => {
    filter.set('cursor', cursor);
    return api.get(`/devices?${filter}`, devicePage);
  };
  const { items } = await firstOf(readPage, { itemsOf: ({ devices }) => devices });
  return items.map(({ sourceId, user, deviceId }) => ({ sourceId, user, deviceId }));
}

const row = z.object({ source: z.string().min(1), user: z.string().min(1), device: z.string().min(1) });

/** Throws an ApiRefusal that names the line of each mistake. */
export function readTargets(csv: string): Target[] {
  const rows: unknown[] = parse(csv, { columns: true, bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  const read = rows.map((one) => row.safeParse(one));
  const wrong = read.flatMap(({ success }, index) => (success ? [] : [index + 2]));
  if (wrong.length > 0)
    throw new ApiRefusal(
      null,
      `The file needs the columns source,user,device, all filled in. Not so in line ${wrong.slice(0, 10).join(', ')}; nothing was done.`,
    );
  return read.flatMap(({ data }) => (data ? [{ sourceId: data.source, user: data.user, deviceId: data.device }] : []));
}
