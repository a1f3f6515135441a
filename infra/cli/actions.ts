/** `actions`, `actions show|cancel|confirm <id>…`: requested actions, their progress, and cancelling or confirming them. */
import colors from 'picocolors';
import { z } from 'zod';
import { type ApiClient, ApiRefusal } from './api-client.ts';
import { firstOf } from './api-pages.ts';
import { type CommandLine, encoded, type Output } from './command-line.ts';
import { plain, table } from './table.ts';

const action = z.object({
  actionId: z.string(),
  type: z.string(),
  target: z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string() }),
  wipe: z.array(z.string()).nullable(),
  requestedAt: z.string(),
  requestedBy: z.object({ kind: z.string(), name: z.string() }),
  reason: z.string(),
  state: z.string(),
  attempts: z.number(),
  notBefore: z.string().nullable(),
  expiresAt: z.string(),
  confirmation: z.object({ askedAt: z.string(), confirmedBy: z.string().nullable() }).nullable(),
  outcome: z.string().nullable(),
  note: z.string(),
});
type Action = z.infer<typeof action>;
const actionWithHistory = action.extend({
  history: z.array(z.object({ state: z.string(), at: z.string(), note: z.string() })),
});
type ActionWithHistory = z.infer<typeof actionWithHistory>;
const page = z.object({ actions: z.array(action), cursor: z.string().nullable() });

const steering = { cancel: 'called off', confirm: 'confirmed; it goes out' } as const;
const isSteering = (what: string): what is keyof typeof steering => Object.hasOwn(steering, what);

type Filter = { state?: string; device?: string; limit: string };

export function addActionCommands(line: CommandLine): void {
  line
    .command('actions [what] [ids...]', 'what was asked for and how far it is; show|cancel|confirm <id>…')
    .option('--state <state>', 'as waiting, failed, confirmed')
    .option('--device <source/user/id>', 'of one device, newest first')
    .option('--limit <n>', 'at most so many', '100')
    .action(async (what: string | undefined, ids: string[], { json, ...filter }: Output & Filter) => {
      const output: Output = json ? { json } : {};
      const api = await line.api();
      if (what === undefined) return list(line, api, { filter, output });
      if (what !== 'show' && !isSteering(what))
        throw new ApiRefusal(null, 'Say actions, actions show <id>, actions cancel <id>…, or actions confirm <id>….');
      if (ids.length === 0)
        throw new ApiRefusal(null, `Name the actions to ${what}: actions ${what} <id>…. actions lists them with their ids.`);
      return what === 'show' ? show(line, api, { ids, output }) : steer(line, api, { what, ids, output });
    });
}

type Listing = { filter: Filter; output: Output };

async function list({ print }: CommandLine, api: ApiClient, { filter: { limit, ...filter }, output }: Listing): Promise<void> {
  const most = z.coerce.number().int().min(1).catch(100).parse(limit);
  let cursor: string | null = null;
  const readPage = async (from: string) => {
    const answer = await api.get(`/actions?${new URLSearchParams({ ...filter, cursor: from, limit: '100' })}`, page);
    cursor = answer.cursor;
    return answer;
  };
  const { items, more: isCut } = await firstOf(readPage, { itemsOf: ({ actions }) => actions, most });
  await print(output, { actions: items, cursor }, ({ actions }) => {
    if (actions.length === 0) return 'No action fits.';
    const rows = actions.map((one) => [one.type, stateOf(one), ...Object.values(one.target), one.actionId, reasonOf(one)]);
    const more = isCut ? [colors.dim('… there are more, in no order: use --state, --device or --limit')] : [];
    const width = process.stdout.columns ?? 240;
    return [table(['action', 'state', 'source', 'user', 'device', 'id', 'why'], rows, { width }), ...more].join('\n');
  });
}

const stateOf = ({ state, confirmation }: Action): string =>
  confirmation !== null && confirmation.confirmedBy === null && state === 'waiting' ? 'waiting for a confirmation' : state;

/** Why it did not end as requested; or what it waits for. */
const reasonOf = ({ state, outcome, note }: Action): string =>
  outcome ?? (state === 'waiting' || state === 'unknown' ? note : '');

type NamedActions = { ids: string[]; output: Output };

async function show({ print }: CommandLine, api: ApiClient, { ids, output }: NamedActions): Promise<void> {
  for (const id of ids) await print(output, await api.get(`/actions/${encoded(id)}`, actionWithHistory), inFull);
}

function inFull(one: ActionWithHistory): string {
  const { sourceId, user, deviceId } = one.target;
  const what = one.wipe === null ? one.type : `${one.type} (${one.wipe.join(', ')})`;
  const head = `${colors.bold(plain(`${what}: ${sourceId} ${user} ${deviceId}`))}  ${stateOf(one)}`;
  const asked = `asked for by ${one.requestedBy.name}${one.reason === '' ? '' : `: ${one.reason}`}; ends at ${one.expiresAt} at the latest`;
  const steps = one.history.map(({ at, state, note }) => `  ${colors.dim(at)}  ${state}${note === '' ? '' : `: ${plain(note)}`}`);
  const due = one.notBefore === null ? [] : [`  next try at ${one.notBefore}`];
  const waits =
    stateOf(one) === one.state ? [] : [`  ${colors.green('→')} actions confirm ${one.actionId}, or actions cancel it`];
  return [head, plain(asked), ...steps, ...due, ...waits].join('\n');
}

type SteeringRequest = NamedActions & { what: keyof typeof steering };

/** If one is rejected, the others are still carried out. */
async function steer({ print, say }: CommandLine, api: ApiClient, { what, ids, output }: SteeringRequest): Promise<void> {
  for (const id of ids) {
    try {
      const answer = await api.post(`/actions/${encoded(id)}/${what}`, {}, actionWithHistory);
      await print(output, answer, ({ type, actionId }) => `${type} ${plain(actionId)}: ${steering[what]}`);
    } catch (error) {
      if (!(error instanceof ApiRefusal) || error.status === null || error.status === 401) throw error;
      say(`${plain(id)}: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
