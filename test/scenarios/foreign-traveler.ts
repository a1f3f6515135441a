/**
 * A Traveler server written from the wire note alone, sharing no line with our own simulator or adapter: what the product meets
 * in the field is somebody else's reading of that note. Small on purpose; holds its devices in memory.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ForeignDevice = {
  username: string;
  deviceid: string;
  device_type: string;
  approval_policy: number;
  access_status: number;
  requested_wipe_options: string;
  wipe_request_status: string;
  wipe_action_date: string;
};
export type Fault = 'none' | 'wrong-password' | 'login-page' | 'empty-list';
export type Write = { at: number; method: string; user: string; deviceId: string; body: unknown };

type Options = { requireApproval?: boolean; freeDevices?: number; detailMs?: number; withSettings?: boolean };

export async function startForeignTraveler({
  requireApproval = false,
  freeDevices = 0,
  detailMs = 0,
  withSettings = true,
}: Options = {}) {
  const devices = new Map<string, ForeignDevice>();
  const writes: Write[] = [];
  const settings = { require_approval: requireApproval, devices_before_approval: freeDevices, approval_notify: [] as string[] };
  let fault: Fault = 'none';
  let requests = 0;

  const hrefOf = (key: string) => `/api/traveler/devices/${Buffer.from(key).toString('base64url')}`;
  const keyOf = (username: string, deviceid: string) => `${username}\n${deviceid}`;

  function register(username: string, deviceid: string, given: Partial<ForeignDevice> = {}) {
    const own = [...devices.values()].filter((device) => device.username === username).length;
    const byRule = settings.require_approval ? (own < settings.devices_before_approval ? 4 : 1) : 16;
    const device = {
      username,
      deviceid,
      device_type: 'Apple-iPhone14C5/2104.92',
      approval_policy: byRule,
      access_status: byRule === 1 ? 1 : 0,
      requested_wipe_options: '',
      wipe_request_status: '0',
      wipe_action_date: '0',
      ...given,
    };
    devices.set(keyOf(username, deviceid), device);
    return device;
  }

  function reply(response: ServerResponse, code: number, data: unknown, extra: Record<string, unknown> = {}) {
    const text = JSON.stringify({ code, message: code === 200 ? 'OK' : 'Error', href: '/api/traveler', ...extra, data });
    response.writeHead(code, { 'content-type': 'application/json; charset=UTF-8' }).end(text.replaceAll('/', '\\/'));
  }
  const listed = (device: ForeignDevice) => ({
    username: device.username,
    deviceid: device.deviceid,
    device_provider: 'iPhone 14',
    device_type: device.device_type,
    device_level: '2104.92',
    notification_type: '8',
    last_sync_time: String(1_760_000_000_000 + Math.floor(Math.random() * 1e9)),
    href: hrefOf(keyOf(device.username, device.deviceid)),
  });
  const full = (device: ForeignDevice) => ({
    ...listed(device),
    approval_policy: String(device.approval_policy),
    approval_date: '0',
    approver_ids: '',
    access_status: String(device.access_status),
    policy_compliance: '0',
    wipe_types_supported: '1',
    requested_wipe_options: device.requested_wipe_options,
    wipe_request_status: device.wipe_request_status,
    wipe_action_date: device.wipe_action_date,
    sms_address: '',
  });

  async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}');
  }

  async function handle(request: IncomingMessage, response: ServerResponse) {
    requests++;
    const url = new URL(request.url ?? '/', 'http://here');
    const expected = `Basic ${Buffer.from('svc-extender:pässword').toString('base64')}`;
    if (request.headers.authorization !== expected || fault === 'wrong-password') return reply(response, 401, {});
    if (fault === 'login-page')
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><form action="/names.nsf?Login">Sign in</form></html>');
    if (url.pathname === '/api/traveler/servers')
      return reply(response, 200, [
        { domino_name: 'Mail1/Acme', build_level: '14.0.1.0 Build 202406', server_status: 'Available', number_of_users: '300' },
      ]);
    if (url.pathname === '/api/traveler/settings') {
      if (!withSettings) return reply(response, 404, {});
      if (request.method === 'PUT') {
        const given = await body(request);
        writes.push({ at: Date.now(), method: 'PUT settings', user: '', deviceId: '', body: given });
        Object.assign(settings, given);
      }
      return reply(response, 200, settings);
    }
    if (url.pathname === '/api/traveler/devices') {
      if (fault === 'empty-list') return reply(response, 200, [], { totalRecords: '0', next: null });
      const size = 20 * Number(url.searchParams.get('pm') ?? 1);
      const page = Number(url.searchParams.get('page') ?? 1);
      const all = [...devices.values()];
      const rows = all.slice((page - 1) * size, page * size).map(listed);
      const more = page * size < all.length ? { next: `/api/traveler/devices?pm=${size / 20}&page=${page + 1}` } : {};
      return reply(response, 200, rows, { totalRecords: String(all.length), ...more });
    }
    const key = Buffer.from(url.pathname.split('/').pop() ?? '', 'base64url').toString('utf8');
    const device = devices.get(key);
    if (!device) return reply(response, 404, {});
    if (detailMs > 0) await new Promise((resolve) => setTimeout(resolve, detailMs));
    if (request.method === 'PUT') {
      const given = await body(request);
      writes.push({ at: Date.now(), method: 'PUT', user: device.username, deviceId: device.deviceid, body: given });
      if ('approval_policy' in given) {
        device.approval_policy = Number(given.approval_policy);
        device.access_status = device.approval_policy === 2 ? 0 : device.access_status;
      }
      if ('access_status' in given) device.access_status = Number(given.access_status);
      if ('requested_wipe_options' in given) {
        device.requested_wipe_options = String(given.requested_wipe_options);
        device.wipe_request_status = device.requested_wipe_options === '' ? '0' : '1';
      }
    }
    if (request.method === 'DELETE') {
      writes.push({ at: Date.now(), method: 'DELETE', user: device.username, deviceId: device.deviceid, body: null });
      devices.delete(key);
    }
    return reply(response, 200, full(device));
  }

  const server = createServer((request, response) => void handle(request, response).catch((error) => response.destroy(error)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { user: 'svc-extender', password: 'pässword' },
    devices,
    writes,
    settings,
    register,
    device: (username: string, deviceid: string) => devices.get(keyOf(username, deviceid)),
    remove: (username: string, deviceid: string) => devices.delete(keyOf(username, deviceid)),
    /** The phone syncs, and does what is requested of it. */
    wipes(username: string, deviceid: string) {
      const device = devices.get(keyOf(username, deviceid));
      if (device?.requested_wipe_options)
        Object.assign(device, { wipe_request_status: '2', wipe_action_date: String(Date.now()) });
    },
    get requests() {
      return requests;
    },
    failWith(next: Fault) {
      fault = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type ForeignTraveler = Awaited<ReturnType<typeof startForeignTraveler>>;
