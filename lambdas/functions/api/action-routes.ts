/** POST and GET /api/actions, GET /api/actions/{id}. */
import { z } from '@hono/zod-openapi';
import pMap from 'p-map';
import { actionState } from '#domain/actions/action';
import type { DeviceKey } from '#domain/devices/device';
import { mostActions } from '#domain/messages/bulk';
import { actionRequested } from '#domain/messages/events-in';
import type { ActionAnswer } from '#use-cases/actions/request-action';
import type { ApiDependencies } from './app.ts';
import { bulkAccepted } from './bulk-routes.ts';
import { readingsOf } from './device-path.ts';
import { malformed, Problem, type ProblemStatus } from './problem.ts';
import { given, withoutEmpty } from './query.ts';
import { type ApiApp, type ApiContext, json, pathAfter, problems, readJson } from './route-kit.ts';
import { actionAccepted, actionPage, actionsAccepted, actionWithHistory } from './schemas.ts';
import { viewAction, viewHistory } from './views.ts';

/** Like the event, but requester, time and id are optional. Defaults: the caller, now, and a new id. */
const requestBody = actionRequested.partial({ actionId: true, requestedAt: true, requestedBy: true }).openapi('ActionRequest', {
  example: { type: 'approve', target: { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: 'ApplF17X' } },
});
type Given = z.output<typeof requestBody>;
/** A larger number of actions in one request becomes a bulk. */
const answeredAtOnce = 100;
const batchBody = z.object({
  actions: z.array(requestBody).min(1).max(mostActions),
  bulkId: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .openapi({
      description: `Makes it a bulk, as more than ${answeredAtOnce} actions are in any case; sent again, it is the same bulk.`,
    }),
});
const listQuery = z.object({
  state: actionState.optional(),
  device: z.string().optional().openapi({ description: 'source/user/deviceId', example: 'cloud/Jane Doe/Acme/ApplF17X' }),
  cursor: z.string().optional().openapi({ description: 'From the page before.' }),
  limit: z.coerce.number().int().min(1).max(100).default(100),
});
const prefix = '/api/actions/';

export function actionRoutes(app: ApiApp, dependencies: ApiDependencies): void {
  addRequesting(app, dependencies);
  addList(app, dependencies);
  addReading(app, dependencies);
}

/** The request with defaults for requester, time and id. */
const completed = (c: ApiContext, { now, newId }: Pick<ApiDependencies, 'now' | 'newId'>, given: Given) =>
  actionRequested.parse({
    requestedAt: now(),
    requestedBy: { kind: 'person', name: c.get('caller') },
    ...given,
    actionId: given.actionId ?? newId(),
  });

/** Stores the actions as a bulk. Throws a Problem when two have the same id, or the bulk id has other content. */
async function stage(c: ApiContext, dependencies: ApiDependencies, batch: z.output<typeof batchBody>) {
  const { bulks, newId } = dependencies;
  const { actions, bulkId = newId() } = batch;
  const requests = actions.map((one, index) => completed(c, dependencies, { actionId: `${bulkId}-${index}`, ...one }));
  const duplicate = firstDuplicate(requests.map(({ actionId }) => actionId));
  if (duplicate !== null)
    throw new Problem(400, 'Two actions have the same id; nothing was done.', {
      errors: [{ path: `actions.${duplicate}.actionId`, message: 'is used before in this request' }],
    });
  const answer = await bulks.stage({ bulkId, requestedBy: c.get('caller'), content: actions, requests });
  if (answer === 'different')
    throw new Problem(409, 'This bulk id was used for other actions; nothing was done.', {
      errors: [{ path: 'bulkId', message: 'is taken' }],
    });
  return { bulkId, actions: requests.length };
}

function addRequesting(app: ApiApp, dependencies: ApiDependencies): void {
  const request = (c: ApiContext, given: Given) => dependencies.requestAction(completed(c, dependencies, given));
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/actions',
    summary: 'Requests an action, or several; the same id never acts twice',
    request: { body: { required: true, content: { 'application/json': { schema: z.union([requestBody, batchBody]) } } } },
    description: `More than ${answeredAtOnce} actions, at most ${mostActions}, become a bulk: it is stored and answered at once, its actions are taken in behind it, and GET /api/bulks/{id} shows how far it is.`,
    responses: {
      202: json(z.union([actionAccepted, actionsAccepted, bulkAccepted]), 'On its way; follow it by its id.'),
      ...problems({
        400: 'Malformed.',
        404: 'No such device.',
        409: 'The id was used for another content.',
        422: 'What to wipe is missing, or given for something else than a wipe.',
      }),
    },
  });
  app.post('/api/actions', async (c) => {
    const body = await readJson(c);
    if (isBatch(body)) {
      const batch = batchBody.safeParse(body);
      if (!batch.success) throw malformed(batch.error);
      if (batch.data.bulkId !== undefined || batch.data.actions.length > answeredAtOnce)
        return c.json(await stage(c, dependencies, batch.data), 202);
      return c.json({ actions: await requestMany(batch.data.actions, (one) => request(c, one)) }, 202);
    }
    const parsed = requestBody.safeParse(body);
    if (!parsed.success) throw malformed(parsed.error);
    const answer = await request(c, parsed.data);
    if (answer.outcome === 'refused') throw refusalOf(answer);
    return c.json({ actionId: answer.actionId, state: answer.state }, 202);
  });
}

function addList(app: ApiApp, { stores }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/actions',
    summary: 'A page of the ledger; of one device newest first',
    request: { query: listQuery },
    responses: {
      200: json(actionPage, 'A page; go on with its cursor until that is null.'),
      ...problems({ 400: 'Wrong filter.' }),
    },
  });
  app.get('/api/actions', async (c) => {
    const query = listQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const { device, ...filter } = query.data;
    const key = device === undefined ? undefined : deviceOf(device);
    const { items, cursor } = await stores.ledger.list(given({ ...filter, device: key }));
    return c.json({ actions: items.map(viewAction), cursor });
  });
}

function addReading(app: ApiApp, { stores }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/actions/{id}',
    summary: 'An action with the history of its states',
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: json(actionWithHistory, 'The action.'), ...problems({ 404: 'No such action.' }) },
  });
  app.get('/api/actions/*', async (c) => {
    const rest = pathAfter(c, prefix);
    const action = (await stores.ledger.read(rest)) ?? (await stores.ledger.read(decodedOnce(rest)));
    if (!action) throw new Problem(404, 'No action of this id is in the ledger.');
    return c.json({ ...viewAction(action), history: viewHistory(action) });
  });
}

const isBatch = (body: unknown): boolean => typeof body === 'object' && body !== null && 'actions' in body;

async function requestMany(actions: readonly Given[], request: (one: Given) => Promise<ActionAnswer>) {
  const answers = await pMap(actions, request, { concurrency: 8 });
  return answers.map((answer, index) =>
    answer.outcome === 'accepted'
      ? { actionId: answer.actionId, state: answer.state }
      : { actionId: actions[index]?.actionId ?? '', state: null, refused: `${answer.path}: ${answer.because}` },
  );
}

/** Index of the first repeated id; null when there is none. */
function firstDuplicate(ids: readonly string[]): number | null {
  const seen = new Set<string>();
  const index = ids.findIndex((id) => seen.size === seen.add(id).size);
  return index < 0 ? null : index;
}

type Refusal = Extract<ActionAnswer, { outcome: 'refused' }>;
const statusOf: Record<Refusal['reason'], ProblemStatus> = { 'unknown-device': 404, 'other-content': 409, incomplete: 422 };

function refusalOf({ reason, path, because }: Refusal): Problem {
  return new Problem(statusOf[reason], `The action was refused: ${because}.`, { errors: [{ path, message: because }] });
}

function deviceOf(text: string): DeviceKey {
  const [key] = readingsOf(text);
  if (!key)
    throw new Problem(400, 'A device is named as source/user/deviceId.', {
      errors: [{ path: 'device', message: 'is incomplete' }],
    });
  return key;
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
