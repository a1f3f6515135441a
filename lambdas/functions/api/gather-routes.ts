/** GET /api/status, POST /api/gathers, GET /api/gathers/{runId}. */
import { createHash } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { ApiDependencies } from './app.ts';
import { Problem } from './problem.ts';
import { type ApiApp, json, problems, readBody } from './route-kit.ts';
import { runView, statusView } from './schemas.ts';
import { viewRun } from './views.ts';

const gatherBody = z.strictObject({ sourceId: z.string().min(1) }).openapi('GatherRequest');
const gatherAnswer = z.object({ runId: z.string() }).openapi('GatherStarted');

export function gatherRoutes(app: ApiApp, dependencies: ApiDependencies): void {
  const { stores, sourceIds, now, newId } = dependencies;

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/status',
    summary: 'How each source stands, what waits in the queues, whether the portal is heard from',
    responses: { 200: json(statusView, 'The status.'), ...problems({}) },
  });
  app.get('/api/status', async (c) => {
    const status = await dependencies.readStatus();
    // For a client that polls, a new time alone is not a change.
    const { time: _, ...content } = status;
    c.header('ETag', `"${createHash('sha1').update(JSON.stringify(content)).digest('hex')}"`);
    return c.json(status);
  });

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/gathers',
    summary: 'Starts a gather of a source',
    request: { body: { required: true, content: { 'application/json': { schema: gatherBody } } } },
    responses: {
      202: json(gatherAnswer, 'It is under way; follow it by its run id.'),
      ...problems({ 400: 'Malformed.', 404: 'No source of this id.', 422: 'This source is not gathered on request.' }),
    },
  });
  app.post('/api/gathers', async (c) => {
    const { sourceId } = await readBody(c, gatherBody);
    const unique = newId().slice(0, 8);
    const answer = await dependencies.requestGather({ sourceId, reason: 'request', requestedAt: now(), unique });
    if (answer.outcome === 'requested') return c.json({ runId: answer.runId }, 202);
    const errors = [{ path: 'sourceId', message: answer.because }];
    throw new Problem(sourceIds.includes(sourceId) ? 422 : 404, `No gather was started: ${answer.because}.`, { errors });
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/gathers/{runId}',
    summary: 'A gather: its progress while it runs, its figures afterwards',
    request: { params: z.object({ runId: z.string() }) },
    responses: { 200: json(runView, 'The run.'), ...problems({ 404: 'No such run; runs are kept for 30 days.' }) },
  });
  app.get('/api/gathers/:runId', async (c) => {
    const run = await stores.runs.read(c.req.param('runId'));
    if (!run) throw new Problem(404, 'No gather of this run id is known; runs are kept for 30 days.');
    return c.json(viewRun(run));
  });
}
