/** GET /api/guards, GET and POST /api/guards/{id}: what the guard stopped, and a person's decision on it. */
import { z } from '@hono/zod-openapi';
import { mostGuards } from '#adapters/dynamodb/guards/guard-list';
import type { ApiDependencies } from './app.ts';
import { guardDecision, guardsView, guardView, viewGuard } from './guard-schemas.ts';
import { malformed, Problem } from './problem.ts';
import { withoutEmpty } from './query.ts';
import { type ApiApp, json, problems, readBody } from './route-kit.ts';
import { isoOrNull } from './views.ts';

const params = z.object({ id: z.string() });
const listQuery = z.object({
  state: z.enum(['waiting', 'all']).default('all'),
  cursor: z.string().optional().openapi({ description: 'From the page before.' }),
  limit: z.coerce.number().int().min(1).max(mostGuards).default(mostGuards),
});
const unknown = () => new Problem(404, 'No guard of this id is known. GET /api/guards lists those that are.');

export function guardRoutes(app: ApiApp, { guards, decideGuard }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/guards',
    summary: 'What the guard stopped, newest first',
    request: { query: listQuery },
    responses: {
      200: json(guardsView, 'A page; go on with its cursor until that is null.'),
      ...problems({ 400: 'Wrong cursor.' }),
    },
  });
  app.get('/api/guards', async (c) => {
    const query = listQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const { state, cursor, limit } = query.data;
    const page = await guards.list({ waiting: state === 'waiting', cursor, limit });
    return c.json({ guards: page.guards.map(viewGuard), cursor: page.cursor });
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/guards/{id}',
    summary: 'One guard: what waits, and for whom it would end access',
    request: { params },
    responses: { 200: json(guardView, 'The guard.'), ...problems({ 404: 'No guard of this id.' }) },
  });
  app.get('/api/guards/:id', async (c) => {
    const guard = await guards.read(c.req.param('id'));
    if (!guard) throw unknown();
    return c.json(viewGuard(guard));
  });

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/guards/{id}',
    summary: 'Confirms or rejects what the guard stopped',
    request: { params, body: { required: true, content: { 'application/json': { schema: guardDecision } } } },
    responses: {
      200: json(guardView, 'Decided; its outcome says what followed.'),
      ...problems({ 400: 'Malformed.', 404: 'No guard of this id.', 409: 'It was decided otherwise before.' }),
    },
  });
  app.post('/api/guards/:id', async (c) => {
    const { decision } = await readBody(c, guardDecision);
    const answer = await decideGuard(c.req.param('id'), { decision, by: c.get('caller') });
    if (!answer) throw unknown();
    const { guard, outcome } = answer;
    const asWanted = guard.state === (decision === 'confirm' ? 'confirmed' : 'rejected');
    if (outcome === 'decided' && !asWanted)
      throw new Problem(409, `It is ${guard.state}: ${guard.decidedBy} decided so at ${isoOrNull(guard.decidedAt)}.`);
    return c.json(viewGuard(guard));
  });
}
