/** /api/dlq: the messages of the dead-letter queues, with reasons; redriving and dropping them. */
import { z } from '@hono/zod-openapi';
import pMap from 'p-map';
import type { QueueDepth } from '#adapters/queue-depths';
import { isFinal } from '#domain/actions/transitions';
import { contentOf } from '#domain/messages/action-identity';
import { type Account, accountOf, type Known, readDeadLetter } from '#domain/messages/dead-letter';
import type { ApiDependencies } from './app.ts';
import { malformed, Problem } from './problem.ts';
import { withoutEmpty } from './query.ts';
import { type ApiApp, type ApiContext, json, problems, readBody } from './route-kit.ts';
import { isoTime } from './views.ts';

const count = z.number().int();
const queueView = z
  .object({ queue: z.string(), messages: count, redrivable: z.boolean() })
  .openapi('DeadLetterQueue', { description: 'Figures that SQS itself calls approximate.' });
const letterView = z
  .object({
    id: z.string(),
    sentAt: z.string().openapi({ format: 'date-time' }),
    receives: count,
    about: z.string().openapi({ description: 'What it was to bring about.' }),
    because: z.string().openapi({ description: 'Why it was given up, as far as it and the stores tell now.' }),
    remedy: z.string(),
    body: z.string().openapi({ description: 'As it was sent.' }),
  })
  .openapi('DeadLetter');
const lettersView = z.object({
  messages: z.array(letterView),
  inQueue: count.openapi({ description: 'Messages of the queue in all; SQS itself calls the figure approximate.' }),
});
const which = z
  .union([z.strictObject({ ids: z.array(z.string().min(1)).min(1).max(100) }), z.strictObject({ all: z.literal(true) })])
  .openapi('DeadLetterChoice', { example: { ids: ['5fea7756-0ea4-451a-a703-a558b933e274'] } });
const handledView = z.object({ handled: z.array(z.string()), left: count }).openapi('DeadLettersHandled');
const limits = z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) });
const parameters = z.object({ queue: z.string().openapi({ example: 'portalEvents' }) });
const unknown = { 404: 'No such dead-letter queue.' };

export function deadLetterRoutes(app: ApiApp, dependencies: ApiDependencies): void {
  addQueues(app, dependencies);
  addMessages(app, dependencies);
  addHandling(app, dependencies);
}

/** Throws a Problem (404) for an unknown dead-letter queue. */
function known(c: ApiContext, { deadLetters }: ApiDependencies) {
  const queue = c.req.param('queue') ?? '';
  const about = deadLetters.about(queue);
  if (!about) throw new Problem(404, `There is no dead-letter queue of this name; there are: ${deadLetters.names.join(', ')}.`);
  return { queue, ...about };
}

function addQueues(app: ApiApp, { deadLetters }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/dlq',
    summary: 'The dead-letter queues and how much lies in each',
    responses: { 200: json(z.object({ queues: z.array(queueView) }), 'All of them.'), ...problems({}) },
  });
  app.get('/api/dlq', async (c) => {
    const depths = await deadLetters.depths();
    const queues = deadLetters.names.map((queue) => ({
      queue,
      messages: messagesIn(depths, queue),
      redrivable: deadLetters.about(queue)?.redrivable ?? false,
    }));
    return c.json({ queues });
  });
}

function addMessages(app: ApiApp, dependencies: ApiDependencies): void {
  const { deadLetters } = dependencies;
  const accountFor = accounts(dependencies);
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/dlq/{queue}',
    summary: 'Messages of a dead-letter queue, each with the reason in words',
    description:
      'SQS hands out messages in no order and has no cursor: at most `limit` of them are shown, and `inQueue` says how many there are. Of a queue that keeps order, the first ones of each device.',
    request: { params: parameters, query: limits },
    responses: { 200: json(lettersView, 'They stay where they are.'), ...problems(unknown) },
  });
  app.get('/api/dlq/:queue', async (c) => {
    const { queue } = known(c, dependencies);
    const query = limits.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const inQueue = messagesIn(await deadLetters.depths(), queue);
    const letters = await deadLetters.look(queue, query.data.limit);
    const messages = await pMap(
      letters,
      async ({ sentAt, ...letter }) => ({ ...letter, sentAt: isoTime(sentAt), ...(await accountFor(queue, letter.body)) }),
      { concurrency: 8 },
    );
    return c.json({ messages, inQueue: Math.max(inQueue, messages.length) });
  });
}

function addHandling(app: ApiApp, dependencies: ApiDependencies): void {
  const { deadLetters } = dependencies;
  for (const verb of ['redrive', 'drop'] as const) {
    app.openAPIRegistry.registerPath({
      method: 'post',
      path: `/api/dlq/{queue}/${verb}`,
      summary: verb === 'redrive' ? 'Sends messages to their queue again' : 'Deletes messages for good',
      request: { params: parameters, body: { required: true, content: { 'application/json': { schema: which } } } },
      responses: {
        200: json(handledView, 'Those that were handled, at most 1,000 a request, and how many are left.'),
        ...problems({ ...unknown, 400: 'Neither ids nor all.', 422: 'Its messages go nowhere again.' }),
      },
    });
    app.post(`/api/dlq/:queue/${verb}`, async (c) => {
      const { queue, redrivable } = known(c, dependencies);
      const chosen = await readBody(c, which);
      if (verb === 'redrive' && !redrivable)
        throw new Problem(422, 'Messages of this queue go nowhere again: the next occasion repeats them by itself. Drop them.');
      return c.json(await deadLetters[verb](queue, 'ids' in chosen ? chosen.ids : 'all'));
    });
  }
}

function messagesIn(depths: Record<string, QueueDepth>, queue: string): number {
  const { waiting = 0, inWork = 0 } = depths[queue] ?? {};
  return waiting + inWork;
}

function accounts({ stores, readSource }: ApiDependencies) {
  return async (queue: string, body: string): Promise<Account> => {
    const reading = readDeadLetter(queue, body);
    const known: Known = { action: null, deviceKnown: false, sourceProblem: null };
    if (!reading.readable) return accountOf(reading, known);
    const { concerns } = reading;
    if (concerns.kind === 'action') known.action = await actionOf(concerns.actionId);
    if (concerns.kind === 'request') {
      const { actionId, target } = concerns.request;
      const [action, device] = await Promise.all([actionOf(actionId), stores.devices.getDevice(target)]);
      known.action = action;
      known.deviceKnown = device !== null;
    }
    if (concerns.kind === 'source') known.sourceProblem = (await readSource(concerns.sourceId)).problem;
    return accountOf(reading, known);
  };

  async function actionOf(actionId: string): Promise<Known['action']> {
    const action = await stores.ledger.read(actionId);
    return (
      action && {
        state: action.state,
        isFinal: isFinal(action.state),
        note: action.history.at(-1)?.note ?? '',
        content: contentOf(action),
      }
    );
  }
}
