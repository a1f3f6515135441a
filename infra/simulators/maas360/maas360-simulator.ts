/**
 * MaaS360's web services on one machine: sign-in and device search over a real socket on 127.0.0.1, with the behaviour that public
 * clients report (one device as an object, ids beyond 2^53 as numbers, `""` for numbers, XML unless JSON is asked for, errors on
 * HTTP 200), and faults on request. For tests and demos.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { serveApp } from '../serve-app.ts';

/** A `raw` value appears unchanged in the JSON, for instance a number that JavaScript cannot represent. */
export type SimulatedMaas360Device = Record<string, string | number | { raw: string }>;
export type Maas360Fault =
  | 'sign-in-refused'
  | 'sign-in-without-wrapper'
  | 'token-expires-once'
  | 'token-never-accepted'
  | 'search-without-wrapper'
  | 'xml-anyway'
  | 'busy'
  | 'broken'
  | 'empty'
  | 'never-ends';
export type Maas360Simulator = {
  readonly url: string;
  readonly billingId: string;
  readonly credentials: { appId: string; appVersion: string; appAccessKey: string; user: string; password: string };
  /** The devices that a search finds; tests change them. */
  devices: SimulatedMaas360Device[];
  faults: Set<Maas360Fault>;
  /** Requests received, oldest first: a sign-in, or the query of a search. */
  readonly requests: { kind: 'sign-in' | 'search'; query: URLSearchParams; at: number }[];
  /** The largest number of concurrent requests so far. */
  readonly mostAtOnce: number;
  stop(): Promise<void>;
};

const signInBody = z.object({
  authRequest: z.object({
    maaS360AdminAuth: z.object({
      billingID: z.string(),
      platformID: z.literal('3'),
      appID: z.string(),
      appVersion: z.string(),
      appAccessKey: z.string(),
      userName: z.string(),
      password: z.string(),
    }),
  }),
});
const pageSizes = new Set(['25', '50', '100', '200', '250']);

type State = {
  billingId: string;
  credentials: Maas360Simulator['credentials'];
  devices: SimulatedMaas360Device[];
  faults: Set<Maas360Fault>;
  requests: Maas360Simulator['requests'];
  /** Number of tokens issued: only the latest one is accepted. */
  tokens: number;
  underWay: number;
  mostAtOnce: number;
};
type Settings = { billingId?: string; devices?: SimulatedMaas360Device[]; answerAfterMs?: number };

export async function startMaas360Simulator({
  billingId = '10000001',
  devices = [],
  answerAfterMs = 0,
}: Settings = {}): Promise<Maas360Simulator> {
  const credentials = { appId: 'app', appVersion: '1.0', appAccessKey: 'key-1', user: 'admin', password: 'pässwörd' };
  const counts = { tokens: 0, underWay: 0, mostAtOnce: 0 };
  const state: State = { billingId, credentials, devices, faults: new Set(), requests: [], ...counts };
  const served = await serveApp(appOf(state, answerAfterMs), 0);
  return {
    ...served,
    billingId,
    credentials,
    get devices() {
      return state.devices;
    },
    set devices(given) {
      state.devices = given;
    },
    faults: state.faults,
    requests: state.requests,
    get mostAtOnce() {
      return state.mostAtOnce;
    },
  };
}

function appOf(state: State, answerAfterMs: number): Hono {
  const app = new Hono();
  app.use(async (_context, next) => {
    state.underWay += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.underWay);
    await wait(answerAfterMs);
    await next();
    state.underWay -= 1;
  });
  app.post(`/auth-apis/auth/1.0/authenticate/${state.billingId}`, (context) => signIn(state, context));
  app.post(`/auth-apis/auth/2.0/authenticate/customer/${state.billingId}`, (context) => signIn(state, context));
  app.get(`/device-apis/devices/2.0/search/customer/${state.billingId}`, (context) => search(state, context));
  return app;
}

async function signIn(state: State, context: Context): Promise<Response> {
  state.requests.push({ kind: 'sign-in', query: new URLSearchParams(), at: Date.now() });
  const parsed = signInBody.safeParse(await context.req.json().catch(() => null));
  if (state.faults.has('sign-in-without-wrapper')) return context.json({ authToken: 'x', errorCode: 0 });
  if (!isRight(state, parsed.data?.authRequest.maaS360AdminAuth) || state.faults.has('sign-in-refused'))
    return context.json({ authResponse: { errorCode: 1002, errorDesc: 'Invalid credentials' } });
  state.tokens += 1;
  return context.json({ authResponse: { authToken: `token-${state.tokens}`, errorCode: 0 } });
}

type SignIn = z.output<typeof signInBody>['authRequest']['maaS360AdminAuth'];

const isRight = ({ billingId, credentials }: State, given: SignIn | undefined): boolean =>
  given?.billingID === billingId &&
  given.appID === credentials.appId &&
  given.appAccessKey === credentials.appAccessKey &&
  given.userName === credentials.user &&
  given.password === credentials.password;

function search(state: State, context: Context): Response {
  const query = new URL(context.req.url).searchParams;
  state.requests.push({ kind: 'search', query, at: Date.now() });
  const { faults, tokens } = state;
  if (faults.has('busy')) return context.text('slow down', 429, { 'retry-after': '120' });
  if (faults.has('broken')) return context.text('oops', 500);
  const expired = faults.has('token-never-accepted') || faults.delete('token-expires-once');
  if (expired || context.req.header('authorization') !== `MaaS token="token-${tokens}"` || tokens === 0)
    return context.text('Unauthorized', 401);
  if (faults.has('xml-anyway') || !(context.req.header('accept') ?? '').includes('application/json'))
    return context.body('<devices><count>0</count></devices>', 200, { 'content-type': 'application/xml' });
  if (faults.has('search-without-wrapper')) return context.json({ device: [], pageSize: 0 });
  return context.body(page(state, query), 200, { 'content-type': 'application/json' });
}

function page(
  { devices, faults }: { devices: readonly SimulatedMaas360Device[]; faults: ReadonlySet<Maas360Fault> },
  query: URLSearchParams,
): string {
  const size = query.get('pageSize') ?? '';
  const number = Number(query.get('pageNumber') ?? 1);
  const after = Number(query.get('lastReportedAfterInEpochms') ?? 0);
  if (!pageSizes.has(size)) return '{"devices":{"count":0,"pageNumber":1,"pageSize":0}}';
  const listed = faults.has('empty') ? [] : devices.filter((one) => Number(one.lastReportedInEpochms) > after || after === 0);
  const from = faults.has('never-ends') ? 0 : (number - 1) * Number(size);
  const rows = listed.slice(from, from + Number(size)).map(json);
  const device = rows.length === 0 ? '' : `"device":${rows.length === 1 ? rows[0] : `[${rows.join(',')}]`},`;
  return `{"devices":{${device}"count":${rows.length},"pageNumber":${number},"pageSize":${rows.length === 0 ? 0 : size}}}`;
}

const json = (device: SimulatedMaas360Device): string =>
  `{${Object.entries(device)
    .map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'object' ? value.raw : JSON.stringify(value)}`)
    .join(',')}}`;
