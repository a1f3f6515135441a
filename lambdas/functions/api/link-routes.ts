/** POST, DELETE and GET /api/links: a person's decision whether a Traveler user and a portal user are the same. */
import { z } from '@hono/zod-openapi';
import { userKey } from '#domain/devices/device';
import type { ApiDependencies } from './app.ts';
import { malformed, Problem } from './problem.ts';
import { type ApiApp, type ApiContext, json, problems, readJson } from './route-kit.ts';
import { isoTime } from './views.ts';

const pair = {
  sourceId: z.string().min(1),
  user: z.string().min(1).max(512).openapi({ example: 'Jane Doe/Acme' }),
  portalUser: z.string().min(1).max(254).openapi({ description: 'Email of the portal user.', example: 'jane@acme.com' }),
};
const kind = z
  .enum(['confirmed', 'undone'])
  .openapi({ description: 'confirmed: they are the same; undone: they are not, whatever else says so.' });
const linkBody = z.strictObject({ ...pair, kind: kind.default('confirmed') }).openapi('LinkRequest');
const undoBody = z.strictObject(pair).openapi('LinkUndoing');
const linkView = z.object({ ...pair, kind, by: z.string(), at: z.string().openapi({ format: 'date-time' }) }).openapi('Link');
const linkList = z.object({ links: z.array(linkView) });
const listQuery = z.object({ sourceId: z.string().min(1), user: z.string().min(1) });
const wrong = { 400: 'Malformed.', 404: 'No such Traveler user.' };

export function linkRoutes(app: ApiApp, { stores, confirmLink, now }: ApiDependencies): void {
  async function store(c: ApiContext, given: z.output<typeof linkBody>): Promise<z.output<typeof linkView>> {
    const { sourceId, user, portalUser } = given;
    const link = { kind: given.kind, portalUser: portalUser.toLowerCase(), by: c.get('caller'), at: now() };
    const answer = await confirmLink({ sourceId, user }, link);
    if (answer.outcome === 'unknown-user')
      throw new Problem(404, 'No device of this Traveler user is known at this source; nothing was stored.', {
        errors: [{ path: 'user', message: 'is not known at this source' }],
      });
    return { sourceId, user, ...link, at: isoTime(link.at) };
  }

  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/links',
    summary: 'Confirms that a Traveler user and a portal user are the same (or, with kind "undone", that they are not)',
    request: { body: { required: true, content: { 'application/json': { schema: linkBody } } } },
    responses: { 201: json(linkView, 'Stored; the user is being decided anew.'), ...problems(wrong) },
  });
  app.post('/api/links', async (c) => {
    const parsed = linkBody.safeParse(await readJson(c));
    if (!parsed.success) throw malformed(parsed.error);
    return c.json(await store(c, parsed.data), 201);
  });

  app.openAPIRegistry.registerPath({
    method: 'delete',
    path: '/api/links',
    summary: 'Undoes a link: they are not the same. Given as body, or as query where a client sends no body with DELETE',
    request: {
      query: z.object(pair).partial(),
      body: { required: false, content: { 'application/json': { schema: undoBody } } },
    },
    responses: { 200: json(linkView, 'Stored; it can be confirmed again.'), ...problems(wrong) },
  });
  app.delete('/api/links', async (c) => {
    const query = c.req.query();
    const parsed = undoBody.safeParse(Object.keys(query).length > 0 ? query : await readJson(c));
    if (!parsed.success) throw malformed(parsed.error);
    return c.json(await store(c, { ...parsed.data, kind: 'undone' }));
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/links',
    summary: 'What people said of one Traveler user, per portal user',
    request: { query: listQuery },
    responses: { 200: json(linkList, 'What was said last.'), ...problems({ 400: 'Source or user is missing.' }) },
  });
  app.get('/api/links', async (c) => {
    const query = userKey.safeParse(c.req.query());
    if (!query.success) throw malformed(query.error);
    const links = await stores.links.of(query.data);
    return c.json({
      links: links.map(({ at, ...link }) => ({
        ...query.data,
        portalUser: link.portalUser,
        kind: link.kind,
        by: link.by,
        at: isoTime(at),
      })),
    });
  });
}
