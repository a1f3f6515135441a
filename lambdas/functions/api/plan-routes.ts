/** POST /api/plan: what publishing settings would change. Stores nothing. */
import { compress } from 'hono/compress';
import { everySource } from '#adapters/dynamodb/settings/settings-reader';
import { guardOfPlan } from '#domain/quarantine/plan-changes';
import type { ApiDependencies } from './app.ts';
import { planBody, planView, viewPlan } from './guard-schemas.ts';
import { Problem } from './problem.ts';
import { type ApiApp, json, problems, readBody } from './route-kit.ts';

export function planRoutes(app: ApiApp, { plan, guardLimits, publishSettings, sourceIds }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/plan',
    summary: 'What publishing these settings would change, device by device; nothing is stored',
    request: { body: { required: true, content: { 'application/json': { schema: planBody } } } },
    responses: {
      200: json(planView, 'Exactly the devices whose verdict or action would change.'),
      ...problems({ 400: 'Malformed.', 404: 'No source of this id.' }),
    },
  });
  app.post('/api/plan', compress(), async (c) => {
    const { settings, sourceId = everySource } = await readBody(c, planBody);
    if (sourceId !== everySource && !sourceIds.includes(sourceId))
      throw new Problem(404, 'No source of this id is configured; nothing was planned.', {
        errors: [{ path: 'sourceId', message: 'no source of this id is configured' }],
      });
    const planned = await plan({ sourceIds: await publishSettings.concerned(sourceId), settings });
    return c.json(viewPlan(planned, guardOfPlan(planned.takings, guardLimits)));
  });
}
