/** GET /api/overview and GET /api/gathers: counts of the whole fleet, and the last gathers of a source. */

import { z } from '@hono/zod-openapi';
import type { ApiDependencies } from './app.ts';
import { overviewView } from './overview-schema.ts';
import { malformed, Problem } from './problem.ts';
import { given, withoutEmpty } from './query.ts';
import { type ApiApp, json, problems } from './route-kit.ts';
import { runView } from './schemas.ts';
import { viewRun } from './views.ts';

const runsQuery = z.object({
  source: z.string().min(1),
  cursor: z.string().optional().openapi({ description: 'From the page before.' }),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
const runPage = z.object({
  runs: z.array(runView),
  cursor: z.string().nullable().openapi({ description: 'Pass it on to get the next page; null on the last one.' }),
});

export function overviewRoutes(app: ApiApp, { stores, sourceIds, readOverview }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/overview',
    summary: 'Devices by verdict and presence, actions under way and failed',
    responses: { 200: json(overviewView, 'The figures.'), ...problems({}) },
  });
  app.get('/api/overview', async (c) => c.json(await readOverview()));

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/gathers',
    summary: 'The last gathers of a source, newest first',
    request: { query: runsQuery },
    responses: {
      200: json(runPage, 'A page; go on with its cursor until that is null. They are kept for 30 days.'),
      ...problems({ 400: 'No source named.', 404: 'No source of this id.' }),
    },
  });
  app.get('/api/gathers', async (c) => {
    const query = runsQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const { source, ...page } = query.data;
    if (!sourceIds.includes(source)) throw new Problem(404, 'No source of this id is configured.');
    const { items, cursor } = await stores.runs.list(source, given(page));
    return c.json({ runs: items.map(viewRun), cursor });
  });
}
