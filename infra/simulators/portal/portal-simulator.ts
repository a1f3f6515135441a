/**
 * The portal's side of the device list upload on one machine: takes the batches over a real socket on 127.0.0.1, keeps its own
 * list, knows what it has taken by its key, shows where it drifted from another list, and fails on request.
 *
 *   PUT /devices     a batch (docs/portal.md): bearer token, gzip, Idempotency-Key
 *   GET /devices     the list as the portal knows it, and how many requests it had (no token: loopback only)
 */
import { gunzipSync } from 'node:zlib';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { type UploadBody, type UploadedDevice, uploadBody } from '#domain/outbound/upload';

export type PortalFault =
  | { kind: 'status'; status: number; retryAfter?: string }
  /** Takes the batch and loses its answer. */
  | { kind: 'lost-answer' }
  | { kind: 'down' };
export type Taken = { key: string; at: number; body: UploadBody };
export type PortalSimulator = {
  readonly url: string;
  readonly token: string;
  /** The list of one source, by `user|deviceId`. */
  listOf(sourceId: string): Map<string, UploadedDevice>;
  /** Each batch once, in the order in which they were taken. */
  readonly taken: readonly Taken[];
  /** Times of all requests, taken or not. */
  readonly requests: readonly number[];
  /** Of the next `times` requests, or of all until changed. */
  fail(fault: PortalFault | null, times?: number): void;
  /** Loses some of the list, as a portal restored from an old backup would. */
  forget(sourceId: string, count: number): void;
  /** What differs between our list and the portal's, by `user|deviceId`. */
  drift(sourceId: string, ours: readonly UploadedDevice[]): { missing: string[]; surplus: string[]; different: string[] };
  stop(): Promise<void>;
};

export async function startPortalSimulator({
  port: wanted = 0,
  token = 'portal-token',
  now = Date.now,
}: {
  port?: number;
  token?: string;
  now?: () => number;
} = {}): Promise<PortalSimulator> {
  const lists = new Map<string, Map<string, UploadedDevice>>();
  const parts = new Map<string, UploadedDevice[]>();
  const taken: Taken[] = [];
  const keys = new Set<string>();
  const requests: number[] = [];
  let failing: { fault: PortalFault; left: number } | null = null;
  const app = new Hono<{ Bindings: HttpBindings }>();

  function nextFault(): PortalFault | null {
    if (failing === null || failing.left <= 0) return null;
    failing.left -= 1;
    return failing.fault;
  }

  function take(key: string, body: UploadBody): void {
    if (keys.has(key)) return;
    keys.add(key);
    taken.push({ key, at: now(), body });
    if (body.kind === 'changes') {
      merge(listFor(lists, body.sourceId), body.devices);
      return;
    }
    const collected = [...(parts.get(body.snapshotId) ?? []), ...body.devices];
    parts.set(body.snapshotId, collected);
    if (!body.last) return;
    parts.delete(body.snapshotId);
    lists.set(body.sourceId, new Map());
    merge(listFor(lists, body.sourceId), collected);
  }

  async function put(context: Context<{ Bindings: HttpBindings }>): Promise<Response> {
    requests.push(now());
    const fault = nextFault();
    if (fault?.kind === 'down') return hangUp(context);
    if (fault?.kind === 'status')
      return new Response('not now', {
        status: fault.status,
        headers: fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter },
      });
    if (context.req.header('authorization') !== `Bearer ${token}`) return context.text('who are you?', 401);
    const key = context.req.header('idempotency-key') ?? '';
    if (context.req.header('content-encoding') !== 'gzip' || key === '') return context.text('gzip and a key, please', 400);
    const parsed = uploadBody.safeParse(unzipped(Buffer.from(await context.req.arrayBuffer())));
    if (!parsed.success) return context.text(parsed.error.message, 422);
    take(key, parsed.data);
    return fault?.kind === 'lost-answer'
      ? new Response('gateway timed out', { status: 504 })
      : new Response(null, { status: 204 });
  }
  app.put('/devices', put);
  app.get('/devices', (context) =>
    context.json({ requests: requests.length, devices: [...lists.values()].flatMap((list) => [...list.values()]) }),
  );

  const listening = Promise.withResolvers<number>();
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: wanted }, (info) => listening.resolve(info.port));
  const port = await listening.promise;

  return {
    url: `http://127.0.0.1:${port}`,
    token,
    listOf: (sourceId) => listFor(lists, sourceId),
    taken,
    requests,
    fail(fault, times = Number.POSITIVE_INFINITY) {
      failing = fault && { fault, left: times };
    },
    forget(sourceId, count) {
      const list = listFor(lists, sourceId);
      for (const name of [...list.keys()].slice(0, count)) list.delete(name);
    },
    drift(sourceId, ours) {
      const theirs = listFor(lists, sourceId);
      const mine = new Map(ours.map((device) => [nameOf(device), device]));
      return {
        missing: [...mine.keys()].filter((name) => !theirs.has(name)),
        surplus: [...theirs.keys()].filter((name) => !mine.has(name)),
        different: [...mine].flatMap(([name, device]) =>
          theirs.has(name) && JSON.stringify(theirs.get(name)) !== JSON.stringify(device) ? [name] : [],
        ),
      };
    },
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** As a machine that goes away does. */
function hangUp(context: Context<{ Bindings: HttpBindings }>): Response {
  context.env.outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

const nameOf = ({ user, deviceId }: UploadedDevice) => `${user}|${deviceId}`;

function listFor(lists: Map<string, Map<string, UploadedDevice>>, sourceId: string): Map<string, UploadedDevice> {
  const list = lists.get(sourceId) ?? new Map<string, UploadedDevice>();
  lists.set(sourceId, list);
  return list;
}

function merge(list: Map<string, UploadedDevice>, devices: readonly UploadedDevice[]): void {
  for (const device of devices)
    if (device.state === 'removed') list.delete(nameOf(device));
    else list.set(nameOf(device), device);
}

function unzipped(bytes: Buffer): unknown {
  try {
    return JSON.parse(gunzipSync(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
