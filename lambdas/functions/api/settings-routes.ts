/** GET and POST /api/settings. */
import { z } from '@hono/zod-openapi';
import { everySource } from '#adapters/dynamodb/settings/settings-reader';
import type { ApiDependencies } from './app.ts';
import { guardAnswer, viewGuard } from './guard-schemas.ts';
import { Problem } from './problem.ts';
import { type ApiApp, json, problems, readBody } from './route-kit.ts';
import { settingsPublication, settingsView } from './schemas.ts';
import { isoTime, viewSettings } from './views.ts';

const published = z.object({ version: z.number().int() }).openapi('SettingsPublished');

export function settingsRoutes(app: ApiApp, dependencies: ApiDependencies): void {
  readRoute(app, dependencies);
  publishRoute(app, dependencies);
}

function readRoute(app: ApiApp, { stores, sourceIds }: Pick<ApiDependencies, 'stores' | 'sourceIds'>): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/settings',
    summary: 'The settings for all sources, what holds for each source, and earlier versions',
    request: {
      query: z.object({
        scope: z
          .string()
          .optional()
          .openapi({ description: 'A source id: whose versions to list; left out: those for all sources.' }),
        cursor: z.string().optional().openapi({ description: 'From the page before: the versions that follow.' }),
      }),
    },
    responses: { 200: json(settingsView, 'The settings.'), ...problems({ 400: 'Wrong cursor.' }) },
  });
  app.get('/api/settings', async (c) => {
    const scope = c.req.query('scope') || everySource;
    const [current, { versions, cursor }, drift, sources] = await Promise.all([
      stores.settings.own(everySource),
      stores.settings.versions(scope, { cursor: c.req.query('cursor') || null }),
      stores.settings.drift(),
      Promise.all(sourceIds.map(async (id) => [id, await stores.settings.current(id)] as const)),
    ]);
    if (!current) throw new Error('Scope * has no version of settings: its history was deleted from the Control table.');
    const bySource = sources.map(([id, version]) => [id, { ...viewSettings(version), scope: version.scope }] as const);
    return c.json({
      ...viewSettings(current),
      sources: Object.fromEntries(bySource),
      versions: versions.map(viewSettings),
      cursor,
      drift: drift && { configured: drift.configured, fields: drift.fields },
    });
  });
}

function publishRoute(app: ApiApp, { publishSettings, now }: Pick<ApiDependencies, 'publishSettings' | 'now'>): void {
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: '/api/settings',
    summary: 'Publishes settings in place of the version that the publisher saw',
    request: { body: { required: true, content: { 'application/json': { schema: settingsPublication } } } },
    responses: {
      201: json(published, 'They hold from now on; every user is being decided anew.'),
      202: json(guardAnswer, 'Nothing was published: it would take access from too many devices. A person confirms or rejects.'),
      ...problems({ 400: 'Malformed.', 404: 'No source of this id.', 409: 'Another version is current; it is named.' }),
    },
  });
  app.post('/api/settings', async (c) => {
    const { settings, replaces, sourceId = everySource } = await readBody(c, settingsPublication);
    const publication = { settings, scope: sourceId, replaces, publishedBy: c.get('caller'), at: now() };
    const answer = await publishSettings.publish(publication);
    if (answer.outcome === 'published') return c.json({ version: answer.version.version }, 201);
    if (answer.outcome === 'guarded') return c.json({ guard: viewGuard(answer.guard) }, 202);
    if (answer.outcome === 'unknown-source')
      throw new Problem(404, 'No source of this id is configured; nothing was published.', {
        errors: [{ path: 'sourceId', message: 'no source of this id is configured' }],
      });
    const { version, publishedBy, publishedAt } = answer.current;
    const detail = `Version ${version} is current by now, published by ${publishedBy} at ${isoTime(publishedAt)}. Look at it, then publish in its place.`;
    throw new Problem(409, detail, {
      errors: [{ path: 'replaces', message: `the current version is ${version}` }],
      more: { current: version },
    });
  });
}
