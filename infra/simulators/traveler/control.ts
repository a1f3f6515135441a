/**
 * `/simulator/...`: control of the simulated server by people and tests. Loopback only, no password.
 *
 *   GET  /simulator                    state: device count, settings, faults, requests by kind
 *   GET, PUT /simulator/faults         the list of active faults (faults.ts); PUT replaces it
 *   GET, DELETE /simulator/effects     every write received since the start or the last DELETE
 *   GET  /simulator/devices?from=&count=   devices with all codes, by index (at most 1,000)
 *   POST /simulator/arrivals           {"user", "kind"?, "deviceId"?}: a phone registers
 *   POST /simulator/changes            {"user", "deviceId", "approval"?, "access"?, "level"?, …}: an administrator changes it
 *   POST /simulator/removals           {"user", "deviceId"}: an administrator removes it
 *   POST /simulator/wipes              {"user", "deviceId"}: the phone carries out the requested wipe
 *   POST /simulator/fetched-wipes      {"user", "deviceId"}: the phone fetches the wipe, and has not carried it out yet
 *   PUT  /simulator/settings           the server's own approval settings
 */
import { z } from 'zod';
import { fault } from './faults.ts';
import { type Phone, phoneOf, phoneOfKind } from './phones.ts';
import type { Traveler } from './traveler.ts';

export type ControlReply = { status: number; body: unknown };
export type Counts = { requests: Record<string, number>; mostAtOnce: number };

const deviceName = z.object({ user: z.string().min(1), deviceId: z.string().min(1) });
const arrival = z.strictObject({
  user: z.string().min(1),
  kind: z.enum(['ios-mail', 'verse-ios', 'verse-android', 'secure-mail', 'windows-phone', 'blackberry', 'other']).optional(),
  deviceId: z.string().min(1).optional(),
});
const change = z.strictObject({
  ...deviceName.shape,
  approval: z.number().int().optional(),
  access: z.number().int().optional(),
  level: z.string().optional(),
  wipeOptions: z.string().optional(),
  wipeStatus: z.string().optional(),
  wipeDate: z.number().optional(),
});
const settings = z.strictObject({
  require_approval: z.boolean(),
  devices_before_approval: z.number().int().min(0).default(0),
  approval_notify: z.array(z.string()).default([]),
});

type Handler = (traveler: Traveler, given: { body: unknown; query: URLSearchParams; counts: Counts }) => unknown;

const routes: Record<string, Handler> = {
  'GET /simulator': ({ fleet, settings: current, faults }, { counts }) => ({
    devices: fleet.count,
    settings: current,
    faults: faults.list,
    ...counts,
  }),
  'GET /simulator/faults': ({ faults }) => faults.list,
  'PUT /simulator/faults': (traveler, { body }) => {
    traveler.setFaults(z.array(fault).parse(body));
    return traveler.faults.list;
  },
  'GET /simulator/effects': ({ effects }) => ({ effects }),
  'DELETE /simulator/effects': ({ effects }) => ({ dropped: effects.splice(0).length }),
  'GET /simulator/devices': ({ fleet }, { query }) => {
    const from = Number(query.get('from') ?? 0);
    const count = Math.min(1000, Number(query.get('count') ?? 100), Math.max(0, fleet.count - from));
    return { devices: Array.from({ length: count }, (_, nth) => fleet.device(fleet.indexAt(from + nth))) };
  },
  'POST /simulator/arrivals': (traveler, { body }) => {
    const { user, ...phone } = arrival.parse(body);
    return traveler.arrive(user, newPhone(traveler, phone));
  },
  'POST /simulator/changes': (traveler, { body }) => {
    const { user, deviceId, ...codes } = change.parse(body);
    const { index } = present(traveler, { user, deviceId });
    traveler.fleet.change(index, Object.fromEntries(Object.entries(codes).filter(([, value]) => value !== undefined)));
    return traveler.fleet.device(index);
  },
  'POST /simulator/removals': (traveler, { body }) => {
    traveler.remove(present(traveler, deviceName.parse(body)).index);
    return { removed: true };
  },
  'POST /simulator/wipes': (traveler, { body }) => {
    const { index } = present(traveler, deviceName.parse(body));
    traveler.completeWipe(index);
    return traveler.fleet.device(index);
  },
  'POST /simulator/fetched-wipes': (traveler, { body }) => {
    const { index } = present(traveler, deviceName.parse(body));
    traveler.fetchWipe(index);
    return traveler.fleet.device(index);
  },
  'PUT /simulator/settings': (traveler, { body }) => {
    traveler.settings = settings.parse(body);
    return traveler.settings;
  },
};

/** A phone of the given kind, or of any; `deviceId` overrides its generated id. */
export function newPhone(
  { fleet }: Traveler,
  { kind, deviceId }: { kind?: Phone['kind'] | undefined; deviceId?: string | undefined },
): Phone {
  const key = fleet.nextKey();
  const phone = kind === undefined ? phoneOf(key) : phoneOfKind(kind, key);
  return deviceId === undefined ? phone : { ...phone, deviceId };
}

export function control(
  traveler: Traveler,
  { method, url, body, counts }: { method: string; url: URL; body: string; counts: Counts },
): ControlReply {
  const handler = routes[`${method} ${url.pathname.replace(/\/$/, '')}`];
  if (!handler) return { status: 404, body: { error: 'No such control', controls: Object.keys(routes) } };
  try {
    const given: unknown = body === '' ? undefined : JSON.parse(body);
    return { status: 200, body: handler(traveler, { body: given, query: url.searchParams, counts }) };
  } catch (error) {
    if (error instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(error) } };
    return { status: 400, body: { error: error instanceof Error ? error.message : 'unknown' } };
  }
}

function present({ fleet }: Traveler, { user, deviceId }: z.infer<typeof deviceName>) {
  const device = fleet.find(user, deviceId);
  if (!device) throw new Error(`No device ${deviceId} of ${user} is present`);
  return device;
}
