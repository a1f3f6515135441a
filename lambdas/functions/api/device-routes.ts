/** GET /api/devices and one device with its timeline. */

import { z } from '@hono/zod-openapi';
import { type Device, presence, verdictName } from '#domain/devices/device';
import type { ApiDependencies } from './app.ts';
import { readingsOf } from './device-path.ts';
import { malformed, Problem } from './problem.ts';
import { given, withoutEmpty } from './query.ts';
import { type ApiApp, json, pathAfter, problems } from './route-kit.ts';
import { devicePage, deviceWithTimeline } from './schemas.ts';
import { viewDevice, viewTimelineEntry } from './views.ts';

const text = (description: string) => z.string().min(1).optional().openapi({ description });
const listQuery = z.object({
  source: text('Source id.'),
  user: text('Traveler user name as the source spells it.'),
  verdict: verdictName.optional(),
  state: presence.optional().openapi({ description: 'Left out: all but the removed ones.' }),
  q: text('Part of the user name or of the device id.'),
  cursor: text('From the page before.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const timelineQuery = z.object({
  cursor: text('Of the timeline, from the page before.'),
  limit: z.coerce.number().int().min(1).max(500).default(200),
});
const prefix = '/api/devices/';

export function deviceRoutes(app: ApiApp, { stores, sourceIds, readSource }: ApiDependencies): void {
  const views = async (devices: readonly Device[]) => {
    const ids = [...new Set(devices.map(({ sourceId }) => sourceId))];
    const sources = new Map(await Promise.all(ids.map(async (id) => [id, await readSource(id)] as const)));
    return devices.map((device) => viewDevice(device, sources.get(device.sourceId) ?? { baselineRuns: [] }));
  };

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/devices',
    summary: 'A page of devices, each with its verdict and the reason',
    request: { query: listQuery },
    responses: {
      200: json(devicePage, 'A page; go on with its cursor until that is null.'),
      ...problems({ 400: 'Wrong filter.' }),
    },
  });
  app.get('/api/devices', async (c) => {
    const parsed = listQuery.safeParse(withoutEmpty(c.req.query()));
    if (!parsed.success) throw malformed(parsed.error);
    const { state, ...filter } = parsed.data;
    const page = await stores.devices.listDevices(given({ ...filter, presence: state }), sourceIds);
    return c.json({ devices: await views(page.devices), cursor: page.cursor, looked: page.looked });
  });

  app.openAPIRegistry.registerPath({
    method: 'get',
    path: '/api/devices/{source}/{user}/{deviceId}',
    summary: 'One device with its timeline, newest line first',
    request: {
      params: z.object({
        source: z.string(),
        user: z.string().openapi({ description: 'URL-encoded.', example: 'Jane%20Doe%2FAcme' }),
        deviceId: z.string().openapi({ description: 'URL-encoded.' }),
      }),
      query: timelineQuery,
    },
    responses: {
      200: json(deviceWithTimeline, 'The device with a page of its timeline; go on with its cursor until that is null.'),
      ...problems({ 400: 'Wrong cursor.', 404: 'No such device.' }),
    },
  });
  app.get('/api/devices/*', async (c) => {
    const query = timelineQuery.safeParse(withoutEmpty(c.req.query()));
    if (!query.success) throw malformed(query.error);
    const device = await firstStored(readingsOf(pathAfter(c, prefix)), stores.devices.getDevice);
    if (!device) throw new Problem(404, 'No such device is known. GET /api/devices lists those that are.');
    const [[view], { items, cursor }] = await Promise.all([views([device]), stores.timeline.list(device, query.data)]);
    return c.json({ ...view, timeline: items.map(viewTimelineEntry), cursor });
  });
}

async function firstStored<K, T>(keys: readonly K[], read: (key: K) => Promise<T | null>): Promise<T | null> {
  for (const key of keys) {
    const found = await read(key);
    if (found !== null) return found;
  }
  return null;
}
