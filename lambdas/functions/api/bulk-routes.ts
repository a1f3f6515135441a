/** GET /api/bulks/{id} and POST /api/bulks/{id}/cancel. POST /api/actions creates a bulk. */
import { z } from '@hono/zod-openapi';
import { refusedAction, stateCounts } from '#domain/messages/bulk';
import type { BulkView } from '#use-cases/actions/stage-bulk';
import type { ApiDependencies } from './app.ts';
import { Problem } from './problem.ts';
import { type ApiApp, json, problems } from './route-kit.ts';
import { isoOrNull, isoTime } from './views.ts';

/** Enough to see what is wrong; the ledger has the rest. */
const refusalsShown = 100;
const count = z.number().int();
const time = z.string().openapi({ format: 'date-time' });
const bulkView = z
  .object({
    bulkId: z.string(),
    requestedBy: z.string(),
    requestedAt: time,
    actions: count,
    ended: count.openapi({ description: 'Whatever the end: confirmed, failed, superseded, refused …' }),
    staged: count.openapi({ description: 'Stored, and not requested yet.' }),
    states: z.record(z.string(), count).openapi({ description: 'How many actions are in which state.' }),
    refused: count,
    refusals: z.array(z.object(refusedAction.shape)).openapi({ description: `The first ${refusalsShown}.` }),
    estimatedEnd: time.nullable().openapi({ description: 'At the pace so far; null before anything has ended.' }),
    cancelledAt: time.nullable(),
    cancelledBy: z.string().nullable(),
  })
  .openapi('Bulk');
export const bulkAccepted = z.object({ bulkId: z.string(), actions: count }).openapi('BulkAccepted');
const parameters = z.object({ id: z.string() });

export function bulkRoutes(app: ApiApp, { bulks }: ApiDependencies): void {
  async function viewed(bulkId: string) {
    const bulk = await bulks.view(bulkId);
    if (!bulk) throw new Problem(404, 'No bulk of this id is known; they are kept for 30 days.');
    return viewBulk(bulk);
  }

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/bulks/{id}',
    summary: 'How far a bulk of actions is',
    request: { params: parameters },
    responses: { 200: json(bulkView, 'Its actions, counted by state.'), ...problems({ 404: 'No such bulk.' }) },
  });
  app.get('/api/bulks/:id', async (c) => c.json(await viewed(c.req.param('id'))));

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/bulks/{id}/cancel',
    summary: 'Calls off whatever of a bulk has not gone out, and withdraws the decisions that came with it',
    request: { params: parameters },
    responses: {
      202: json(bulkView, 'From now on nothing more of it is begun; what has gone out comes to its end.'),
      ...problems({ 404: 'No such bulk.' }),
    },
  });
  app.post('/api/bulks/:id/cancel', async (c) => {
    await bulks.cancel(c.req.param('id'), c.get('caller'));
    return c.json(await viewed(c.req.param('id')), 202);
  });
}

function viewBulk({ bulkId, requestedBy, requestedAt, actions, progress, refused, cancelledAt, cancelledBy }: BulkView) {
  return {
    bulkId,
    requestedBy,
    requestedAt: isoTime(requestedAt),
    actions,
    ended: progress.ended,
    staged: progress.staged,
    states: z.record(z.string(), count).parse(stateCounts.parse(progress.states)),
    refused: progress.refused,
    refusals: refused.slice(0, refusalsShown),
    estimatedEnd: isoOrNull(progress.estimatedEnd),
    cancelledAt: isoOrNull(cancelledAt),
    cancelledBy,
  };
}
