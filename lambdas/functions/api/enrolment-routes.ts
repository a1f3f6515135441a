/** POST and GET /api/enrolments. */
import { z } from '@hono/zod-openapi';
import type { ApiDependencies } from './app.ts';
import { mostEnrolments, readCsvImport, readJsonImport } from './enrolment-import.ts';
import { guardAnswer, viewGuard } from './guard-schemas.ts';
import { malformed } from './problem.ts';
import { withoutEmpty } from './query.ts';
import { type ApiApp, json, problems, readJson } from './route-kit.ts';
import { enrolmentBody, enrolmentPage, enrolmentsTaken } from './schemas.ts';

const listQuery = z.object({
  cursor: z.string().optional().openapi({ description: 'From the page before.' }),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const importBody = z.union([z.array(enrolmentBody), z.object({ enrolments: z.array(enrolmentBody) })]).openapi('EnrolmentImport');
const csvBody = z.string().openapi({
  description: 'With a header line; several device ids separated by ";".',
  example:
    'id,email,name,travelerUser,platform,status,serial,mailDeviceIds,secureMailDeviceIds,mailConfiguration,changedAt,version\n' +
    'E1,jane@acme.com,Jane Doe,,iOS,Enrolled,F17X,,,pushed,2026-03-01T08:00:00Z,1\n',
});

export function enrolmentRoutes(app: ApiApp, { stores, importEnrolments }: ApiDependencies): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/enrolments',
    summary: `Imports enrolments, at most ${mostEnrolments}, each by its version; those not among them stay as they are`,
    request: {
      body: { required: true, content: { 'application/json': { schema: importBody }, 'text/csv': { schema: csvBody } } },
    },
    responses: {
      202: json(
        z.union([enrolmentsTaken, guardAnswer]),
        'Stored, and the users concerned are being decided anew; or stopped by the guard: nothing was stored, a person decides.',
      ),
      ...problems({ 400: 'Some row is malformed: none was taken.', 413: 'Too many in one request.' }),
    },
  });
  app.post('/api/enrolments', async (c) => {
    const isCsv = /^text\/csv\b/i.test(c.req.header('content-type') ?? '');
    const enrolments = isCsv ? readCsvImport(await c.req.text()) : readJsonImport(await readJson(c));
    const result = await importEnrolments(enrolments, c.get('caller'));
    if (result.outcome === 'guarded') return c.json({ guard: viewGuard(result.guard) }, 202);
    const { stored, same, older } = result;
    return c.json({ received: enrolments.length, stored, same, older }, 202);
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/enrolments',
    summary: 'A page of the enrolments that are stored',
    request: { query: listQuery },
    responses: {
      200: json(enrolmentPage, 'A page; go on with its cursor until that is null.'),
      ...problems({ 400: 'Wrong cursor.' }),
    },
  });
  app.get('/api/enrolments', async (c) => {
    const query = listQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const { enrolments, cursor } = await stores.enrolments.list(query.data.cursor ?? null, query.data.limit);
    return c.json({ enrolments, cursor });
  });
}
