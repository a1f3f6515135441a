/**
 * GET and DELETE /api/decisions/{source}/{user}/{deviceId}: the decisions of people and portal rules about a device, and their
 * withdrawal.
 */
import { z } from '@hono/zod-openapi';
import type { DeviceKey } from '#domain/devices/device';
import { decision, requester } from '#domain/quarantine/decision';
import { standingDecisions } from '#domain/quarantine/decisions';
import type { ApiDependencies } from './app.ts';
import { readingsOf } from './device-path.ts';
import { malformed, Problem } from './problem.ts';
import { type ApiApp, type ApiContext, json, pathAfter, problems } from './route-kit.ts';
import { isoTime } from './views.ts';

const time = z.string().openapi({ format: 'date-time' });
const decisionView = z
  .object({
    decisionId: z.string(),
    decided: decision.shape.decided,
    by: requester,
    at: time,
    reason: z.string().nullable(),
    expiresAt: time.nullable(),
    withdrawnAt: time.nullable(),
    stands: z.boolean().openapi({ description: 'The one that counts now.' }),
  })
  .openapi('Decision');
const decisionList = z.object({ decisions: z.array(decisionView) });
const withdrawn = z
  .object({ withdrawn: z.number().int().openapi({ description: 'How many standing decisions it ended.' }) })
  .openapi('DecisionsWithdrawn');
const withdrawQuery = z.object({
  reason: z.string().max(1000).optional(),
  by: z.string().min(1).max(256).optional().openapi({ description: 'Who withdraws; left out: the caller.' }),
});
const params = z.object({
  source: z.string(),
  user: z.string().openapi({ description: 'URL-encoded.', example: 'Jane%20Doe%2FAcme' }),
  deviceId: z.string().openapi({ description: 'URL-encoded.' }),
});
const path = '/api/decisions/{source}/{user}/{deviceId}';
const prefix = '/api/decisions/';

export function decisionRoutes(app: ApiApp, { stores, withdrawDecision, now, newId }: ApiDependencies): void {
  async function target(c: ApiContext): Promise<DeviceKey> {
    for (const key of readingsOf(pathAfter(c, prefix))) if (await stores.devices.getDevice(key)) return key;
    throw new Problem(404, 'No such device is known. GET /api/devices lists those that are.');
  }

  app.openAPIRegistry.registerPath({
    method: 'get',
    path,
    summary: 'What people and portal rules decided about a device, newest first',
    request: { params },
    responses: { 200: json(decisionList, 'All decisions, ended ones too.'), ...problems({ 404: 'No such device.' }) },
  });
  app.get('/api/decisions/*', async (c) => {
    const key = await target(c);
    const all = await stores.decisions.of(key);
    const standing = standingDecisions(all, now()).get(key.deviceId)?.decisionId;
    const views = all
      .sort((a, b) => b.at - a.at || (a.decisionId < b.decisionId ? -1 : 1))
      .map(({ decisionId, decided, by, at, reason, expiresAt, withdrawnAt }) => ({
        decisionId,
        decided,
        by,
        at: isoTime(at),
        reason: reason ?? null,
        expiresAt: expiresAt === undefined ? null : isoTime(expiresAt),
        withdrawnAt: withdrawnAt === undefined ? null : isoTime(withdrawnAt),
        stands: decisionId === standing,
      }));
    return c.json({ decisions: views });
  });

  app.openAPIRegistry.registerPath({
    method: 'delete',
    path,
    summary: 'Withdraws what was decided about a device: the rules decide again. Done twice, the second ends nothing',
    request: { params, query: withdrawQuery },
    responses: {
      200: json(withdrawn, 'Withdrawn; the device is being decided anew.'),
      ...problems({ 400: 'Malformed.', 404: 'No such device.' }),
    },
  });
  app.delete('/api/decisions/*', async (c) => {
    const query = withdrawQuery.safeParse(c.req.query());
    if (!query.success) throw malformed(query.error);
    const { reason, by = c.get('caller') } = query.data;
    const request = { target: await target(c), at: now(), by, cause: newId() };
    return c.json(await withdrawDecision({ ...request, ...(reason === undefined ? {} : { reason }) }));
  });
}
