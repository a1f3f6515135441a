/** GET /api/overview and GET /api/gathers: figures of the whole, and the last gathers of a source. */
import { z } from '@hono/zod-openapi';
import { type ApiApp, type ApiDependencies, json, problems } from './app.ts';
import { withoutEmpty } from './device-routes.ts';
import { malformed, Problem } from './problem.ts';
import { actionView, runView } from './schemas.ts';
import { viewRun } from './views.ts';

const counts = z.record(z.string(), z.number().int());
const time = z.string().openapi({ format: 'date-time' });
export const overviewView = z
  .object({
    countedAt: time.openapi({
      description: 'Counting reads every device; a large fleet is counted anew only every few minutes.',
    }),
    sources: z.record(
      z.string(),
      z.object({
        total: z.number().int(),
        verdicts: counts.openapi({ description: 'Devices by verdict; `undecided` for those without one.' }),
        states: counts.openapi({ description: 'Devices by presence; removed ones are not counted.' }),
      }),
    ),
    actions: z.object({
      open: counts.openapi({ description: 'Actions that have not ended, by state.' }),
      failing: z.array(actionView).openapi({ description: 'Tried more than once and still open; at most 20.' }),
      failedLately: z.array(actionView).openapi({ description: 'Ended as failed, requested within a day; at most 20.' }),
    }),
  })
  .openapi('Overview');
const runsQuery = z.object({ source: z.string().min(1), limit: z.coerce.number().int().min(1).max(100).default(30) });

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
      200: json(z.object({ runs: z.array(runView) }), 'They are kept for 30 days.'),
      ...problems({ 400: 'No source named.', 404: 'No source of this id.' }),
    },
  });
  app.get('/api/gathers', async (c) => {
    const query = runsQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const { source, limit } = query.data;
    if (!sourceIds.includes(source)) throw new Problem(404, 'No source of this id is configured.');
    return c.json({ runs: (await stores.runs.lastRuns(source, limit)).map(viewRun) });
  });
}
