/** Relays of on-premises sources: invite one, show their state, revoke one. */
import { createRoute, z } from '@hono/zod-openapi';
import { isRelayed } from '#domain/devices/source-kinds';
import { type RelayRecord, tokenLifeMs } from '#domain/relay/relay-identity';
import type { ApiDependencies } from './app.ts';
import { Problem } from './problem.ts';
import { relayView, time, viewRelay } from './relay-view.ts';
import { type ApiApp, json, problems, readBody } from './route-kit.ts';
import { isoTime } from './views.ts';

const invitation = z.object({ sourceId: z.string().min(1) }).openapi('RelayInvitation');
const invited = z
  .object({
    relayId: z.string(),
    token: z.string().openapi({ description: 'Good for one relay, within the hour. Shown once.' }),
    command: z.string().openapi({ description: 'The whole line to run near Domino.' }),
    commands: z.object({ linux: z.string(), windows: z.string() }),
    expiresAt: time,
  })
  .openapi('RelayInvited');
const one = z.object({ relayId: z.string() });

export function relayRoutes(app: ApiApp, dependencies: ApiDependencies): void {
  addInvite(app, dependencies);
  addReading(app, dependencies);
  addRevoke(app, dependencies);
}

function addInvite(app: ApiApp, { relays, now, newId }: ApiDependencies): void {
  const { store, sources, cloudUrl, newToken } = relays;
  app.openapi(
    createRoute({
      method: 'post',
      path: '/api/relays',
      summary: 'Invite a relay: makes a one-time enrolment token for a source',
      request: { body: json(invitation, 'The source that the relay is for.') },
      responses: {
        201: json(invited, 'What to run near Domino.'),
        ...problems({ 400: 'Not understood.', 422: 'Not a source for relays.' }),
      },
    }),
    async (c) => {
      const { sourceId } = await readBody(c, invitation);
      const source = sources.find(({ id }) => id === sourceId);
      if (!source || !isRelayed(source)) throw notForRelays(sourceId, source !== undefined);
      const at = now();
      const { token, hash } = newToken();
      const relay = newRelay({ relayId: newId(), sourceId, createdAt: at, createdBy: c.get('caller') });
      await store.invite({ ...relay, tokenHash: hash, tokenUntil: at + tokenLifeMs });
      const commands = enrolCommands(cloudUrl, token);
      const expiresAt = isoTime(at + tokenLifeMs);
      return c.json({ relayId: relay.relayId, token, command: commands.linux, commands, expiresAt }, 201);
    },
  );
}

function addReading(app: ApiApp, dependencies: ApiDependencies): void {
  const { store } = dependencies.relays;
  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/relays',
      summary: 'All relays, with their health',
      responses: { 200: json(z.object({ relays: z.array(relayView), cursor: z.null() }), 'Newest first.'), ...problems({}) },
    }),
    async (c) => {
      const all = (await store.list()).toSorted((a, b) => b.createdAt - a.createdAt);
      return c.json({ relays: await Promise.all(all.map((relay) => viewRelay(relay, dependencies))), cursor: null }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/api/relays/{relayId}',
      summary: 'One relay',
      request: { params: one },
      responses: { 200: json(relayView, 'The relay.'), ...problems({ 404: 'Not known.' }) },
    }),
    async (c) => {
      const relay = await store.read(c.req.valid('param').relayId);
      if (relay === null) throw unknown();
      return c.json(await viewRelay(relay, dependencies), 200);
    },
  );
}

function addRevoke(app: ApiApp, { relays, now }: ApiDependencies): void {
  const { store, leases, cut } = relays;
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/api/relays/{relayId}',
      summary: 'Revoke a relay: it is cut off and never let in again',
      request: { params: one },
      responses: { 204: { description: 'Revoked, now or before.' }, ...problems({ 404: 'Not known.' }) },
    }),
    async (c) => {
      const { relayId } = c.req.valid('param');
      const relay = await store.read(relayId);
      if (relay === null) throw unknown();
      await store.update(relayId, { revokedAt: now(), revokedBy: c.get('caller'), tokenHash: null });
      await leases.release(relay.sourceId, relayId, { now: now() });
      await Promise.all((await store.connections(relayId)).map(cut));
      return c.body(null, 204);
    },
  );
}

function notForRelays(sourceId: string, known: boolean): Problem {
  const message = known
    ? 'is read by the cloud itself; only sources of kind "traveler" have relays'
    : 'is not configured; add it to the configuration first';
  return new Problem(422, `The source ${message}; nothing was done.`, {
    errors: [{ path: 'sourceId', message: `${sourceId} ${message}` }],
  });
}
const unknown = () => new Problem(404, 'There is no relay of this id. GET /api/relays lists those there are.');

function newRelay(given: Pick<RelayRecord, 'relayId' | 'sourceId' | 'createdAt' | 'createdBy'>): RelayRecord {
  const never = { enrolledAt: null, revokedAt: null, revokedBy: null, connectionId: null, connectedAt: null, lastHeardAt: null };
  const unreported = { hostname: null, platform: null, version: null, protocol: null, reads: null, acts: null };
  return { ...given, ...never, ...unreported, tokenHash: null, tokenUntil: 0, keys: [], problems: [] };
}

/** On the machine of the local stack the relay runs from the checkout; elsewhere it is an installed program. */
function enrolCommands(cloudUrl: string, token: string): { linux: string; windows: string } {
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(cloudUrl).hostname);
  const rest = `enrol ${cloudUrl} ${token}`;
  return local
    ? { linux: `npm run relay -- ${rest}`, windows: `npm run relay -- ${rest}` }
    : { linux: `sudo -u traveler-relay relay ${rest}`, windows: `relay.cmd ${rest}` };
}
