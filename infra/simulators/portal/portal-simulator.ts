/**
 * The portal's side of the device list upload on one machine: receives the batches over a real socket on 127.0.0.1, keeps its own
 * list, deduplicates batches by their key, shows how its list differs from another, and fails on request.
 *
 *   PUT /devices     a batch (docs/portal.md): bearer token, gzip, Idempotency-Key
 *   GET /devices     the portal's list, and how many requests it has received (no token: loopback only)
 */
import { gunzipSync } from 'node:zlib';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { type UploadBody, type UploadedDevice, uploadBody } from '#domain/outbound/upload';
import { serveApp } from '../serve-app.ts';

export type PortalFault =
  | { kind: 'status'; status: number; retryAfter?: string }
  /** Accepts the batch, and its response is lost. */
  | { kind: 'lost-answer' }
  | { kind: 'down' };
export type Taken = { key: string; at: number; body: UploadBody };
export type PortalSimulator = {
  readonly url: string;
  readonly token: string;
  /** The list of one source, by `user|deviceId`. */
  listOf(sourceId: string): Map<string, UploadedDevice>;
  /** Each accepted batch once, in order. */
  readonly taken: readonly Taken[];
  /** Times of all requests, accepted or not, epoch ms. */
  readonly requests: readonly number[];
  /** Applies to the next `times` requests, or to all until changed. */
  fail(fault: PortalFault | null, times?: number): void;
  /** Removes some devices from the list, as in a portal restored from an old backup. */
  forget(sourceId: string, count: number): void;
  /** The differences between our list and the portal's, by `user|deviceId`. */
  drift(sourceId: string, ours: readonly UploadedDevice[]): { missing: string[]; surplus: string[]; different: string[] };
  stop(): Promise<void>;
};

type State = {
  lists: Map<string, Map<string, UploadedDevice>>;
  /** Incomplete snapshots, by their id. */
  parts: Map<string, UploadedDevice[]>;
  taken: Taken[];
  /** Idempotency keys of the accepted batches. */
  keys: Set<string>;
  requests: number[];
  failing: { fault: PortalFault; left: number } | null;
};
type Settings = { port?: number; token?: string; now?: () => number };
type PortalContext = Context<{ Bindings: HttpBindings }>;

export async function startPortalSimulator({
  port = 0,
  token = 'portal-token',
  now = Date.now,
}: Settings = {}): Promise<PortalSimulator> {
  const state: State = { lists: new Map(), parts: new Map(), taken: [], keys: new Set(), requests: [], failing: null };
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.put('/devices', (context) => put(state, context, { token, at: now() }));
  app.get('/devices', (context) =>
    context.json({ requests: state.requests.length, devices: [...state.lists.values()].flatMap((list) => [...list.values()]) }),
  );
  const served = await serveApp(app, port);
  return {
    ...served,
    token,
    listOf: (sourceId) => listFor(state, sourceId),
    taken: state.taken,
    requests: state.requests,
    fail(fault, times = Number.POSITIVE_INFINITY) {
      state.failing = fault && { fault, left: times };
    },
    forget(sourceId, count) {
      const list = listFor(state, sourceId);
      for (const name of [...list.keys()].slice(0, count)) list.delete(name);
    },
    drift: (sourceId, ours) => driftBetween(ours, listFor(state, sourceId)),
  };
}

async function put(state: State, context: PortalContext, { token, at }: { token: string; at: number }): Promise<Response> {
  state.requests.push(at);
  const fault = nextFault(state);
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
  accept(state, { key, at, body: parsed.data });
  return fault?.kind === 'lost-answer' ? new Response('gateway timed out', { status: 504 }) : new Response(null, { status: 204 });
}

function nextFault(state: State): PortalFault | null {
  if (state.failing === null || state.failing.left <= 0) return null;
  state.failing.left -= 1;
  return state.failing.fault;
}

/** A batch with a known key changes nothing. */
function accept(state: State, batch: Taken): void {
  const { key, body } = batch;
  if (state.keys.has(key)) return;
  state.keys.add(key);
  state.taken.push(batch);
  if (body.kind === 'changes') {
    merge(listFor(state, body.sourceId), body.devices);
    return;
  }
  const collected = [...(state.parts.get(body.snapshotId) ?? []), ...body.devices];
  state.parts.set(body.snapshotId, collected);
  if (!body.last) return;
  state.parts.delete(body.snapshotId);
  state.lists.set(body.sourceId, new Map());
  merge(listFor(state, body.sourceId), collected);
}

function driftBetween(ours: readonly UploadedDevice[], theirs: ReadonlyMap<string, UploadedDevice>) {
  const mine = new Map(ours.map((device) => [nameOf(device), device]));
  return {
    missing: [...mine.keys()].filter((name) => !theirs.has(name)),
    surplus: [...theirs.keys()].filter((name) => !mine.has(name)),
    different: [...mine].flatMap(([name, device]) =>
      theirs.has(name) && JSON.stringify(theirs.get(name)) !== JSON.stringify(device) ? [name] : [],
    ),
  };
}

/** Closes the connection without a response, like a machine that fails. */
function hangUp(context: PortalContext): Response {
  context.env.outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

const nameOf = ({ user, deviceId }: UploadedDevice) => `${user}|${deviceId}`;

function listFor({ lists }: State, sourceId: string): Map<string, UploadedDevice> {
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
