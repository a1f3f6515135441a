/**
 * On premises, end to end: the whole stack, the relay as a separate process, and a Traveler server and a Domino that are not
 * ours. A SmartCloud source with the same devices runs beside it, and everything must end in the same way at both.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnrolledRelay, enrolRelay } from '../fixtures/enrolled-relay.ts';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { enrolmentOf, registerFleet, userName } from './fleet.ts';
import { type ForeignDomino, startForeignDomino } from './foreign-domino.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

/** 2143 users have five thousand devices: `ON_PREM_USERS=2143` where there is time and an otherwise idle machine. */
const users = Number(process.env.ON_PREM_USERS ?? 60);
const folder = temporaryFolder();
const both = ['cloud', 'hq'] as const;
let servers: Record<(typeof both)[number], ForeignTraveler>;
let domino: ForeignDomino;
let stack: Stack;
let relay: EnrolledRelay;
let fleet = 0;

const everywhere = (what: (server: ForeignTraveler) => void) => both.forEach((id) => void what(servers[id]));

beforeAll(async () => {
  servers = { cloud: await startForeignTraveler(), hq: await startForeignTraveler() };
  everywhere((server) => {
    fleet = registerFleet(server, users);
    server.register('Waiting Wanda/Acme', 'ApplWANDA', { approval_policy: 1, access_status: 1 });
    server.register('Barred Bert/Acme', 'ApplBERT', { approval_policy: 8, access_status: 1 });
    server.register('Secure Sue/Acme', 'mdmxxSUE', { approval_policy: 1, access_status: 1 });
  });
  domino = startForeignDomino(servers.hq, folder.path);
  const { url, credentials } = servers.cloud;
  stack = await startStack({
    config: {
      sources: [
        { id: 'cloud', kind: 'smartcloud', url, credentials },
        { id: 'hq', kind: 'traveler' },
      ],
      settings: { requireApproval: 'on', devicesPerUser: 1, autoApproveEnrolled: true },
    },
    dataDir: `${folder.path}/data`,
  });
  const onPremises = { url: servers.hq.url, credentials: servers.hq.credentials };
  relay = await enrolRelay(stack, {
    sourceId: 'hq',
    configuration: { traveler: onPremises, console: { by: 'command', command: domino.command } },
  });
  await eventually(
    async () => {
      const { sources } = (await stack.api('/status')).body;
      return sources.every((source: { aq: { inForce: boolean } }) => source.aq.inForce) || null;
    },
    { within: 400_000, what: 'Auto-Quarantine in force at both sources' },
  );
  await stack.untilIdle({ within: 240_000 });
}, 720_000);

afterAll(async () => {
  await relay?.kill('SIGTERM');
  await stack?.stop();
  domino?.stop();
  await Promise.all(both.map((id) => servers?.[id].stop()));
  folder.remove();
});

type Listed = Record<string, unknown> & { user: string; deviceId: string };
/** What may differ between two servers: where and when. */
const apart = ['sourceId', 'lastSync', 'firstSeen', 'decidedAt', 'heldSince', 'openAction'];

async function listedAt(sourceId: string): Promise<Map<string, Listed>> {
  const rows = await stack.devices({ source: sourceId });
  return new Map(
    rows.map((row) => {
      const shown = Object.fromEntries(Object.entries(row).filter(([name]) => !apart.includes(name)));
      return [`${row.user} ${row.deviceId}`, { ...shown, user: row.user, deviceId: row.deviceId }];
    }),
  );
}

async function expectSameAtBoth(except: readonly string[] = []): Promise<void> {
  const [cloud, hq] = await Promise.all(both.map(listedAt));
  for (const name of except) for (const one of [cloud, hq]) one?.delete(name);
  expect(hq?.size).toBe(cloud?.size);
  const differing = [...(cloud ?? [])].flatMap(([name, row]) => {
    const other = hq?.get(name);
    return comparable(other) === comparable(row) ? [] : [{ cloud: row, hq: other }];
  });
  expect(differing).toEqual([]);
}

/** Words name the minute in which somebody decided: the two may be requested on either side of one. */
const comparable = (row: unknown): string => (JSON.stringify(row) ?? '').replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'then');

const gatherBoth = () => Promise.all(both.map((id) => stack.gather(id, { within: 120_000 })));

type Wanted = { type: string; user: string; deviceId: string; wipe?: string[] };
let asked = 0;

/** At both sources, alternately as the portal's event and over the API. Returns the ids, by source. */
async function ask({ type, user, deviceId, wipe }: Wanted): Promise<Record<string, string>> {
  const number = ++asked;
  const byEvent = number % 2 === 0;
  const ids: Record<string, string> = {};
  for (const sourceId of both) {
    const actionId = `${sourceId}-${number}`;
    ids[sourceId] = actionId;
    const target = { sourceId, user, deviceId };
    const body = { type, target, reason: 'Because', ...(wipe ? { wipe } : {}) };
    if (byEvent) {
      const requestedBy = { kind: 'person', name: 'admin@acme.example' };
      const detail = { ...body, actionId, requestedAt: new Date().toISOString(), requestedBy };
      await stack.putEvents([{ type: 'ActionRequested', detail }]);
    } else {
      const answer = await stack.api('/actions', { method: 'POST', body: { ...body, actionId } });
      expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    }
  }
  return ids;
}

/** Until both have reached one of `states`; fails where they differ. */
async function ended(ids: Record<string, string>, states: readonly string[] = ['confirmed']) {
  const ends = await Promise.all(
    Object.values(ids).map((actionId) =>
      eventually(
        async () => {
          const { status, body } = await stack.api(`/actions/${actionId}`);
          if (status === 200 && states.includes(body.state)) return body;
          if (status === 200 && ['failed', 'expired', 'superseded'].includes(body.state))
            return { ...body, state: `${body.state}: ${body.outcome?.says ?? JSON.stringify(body.outcome)}` };
          return null;
        },
        { within: 60_000, what: `The end of ${actionId}` },
      ),
    ),
  );
  for (const { actionId, state } of ends) expect(states, actionId).toContain(state);
  return ends;
}
const carryOut = async (wanted: Wanted, states?: readonly string[]) => ended(await ask(wanted), states);

test('every device is gathered over the relay, with the same verdict as at SmartCloud', async () => {
  expect(fleet).toBeGreaterThanOrEqual(2 * users);
  const rows = await stack.devices({ source: 'hq' });
  expect(rows).toHaveLength(fleet + 3);
  expect(rows.filter((row) => row.existing)).toHaveLength(fleet);
  await expectSameAtBoth();
});

test('switching on wrote the server’s settings once, after every device was recorded', () => {
  const { settings, writes } = servers.hq;
  expect(settings).toMatchObject({ require_approval: true, devices_before_approval: 1 });
  expect(writes.filter(({ method }) => method === 'PUT settings')).toHaveLength(1);
});

test('waiting devices were approved over the console, and no other was written to', () => {
  expect(new Set(domino.received)).toEqual(
    new Set([
      'tell traveler security approval approve mdmxxSUE Secure Sue/Acme',
      'tell traveler security approval approve ApplWANDA Waiting Wanda/Acme',
    ]),
  );
  expect(domino.received).toHaveLength(2);
  expect(servers.hq.device('Secure Sue/Acme', 'mdmxxSUE')).toMatchObject({ approval_policy: 2, access_status: 0 });
  expect(servers.hq.writes.filter(({ method }) => method !== 'PUT settings')).toEqual([]);
});

test('new phones are held or approved by their enrolment, as at SmartCloud', async () => {
  await stack.putEvents([
    { type: 'EnrolmentChanged', detail: { enrolment: enrolmentOf(userName(1), { id: 'e1', mailDeviceIds: ['ApplNEW1'] }) } },
  ]);
  for (let user = 1; user <= 12; user++) everywhere((server) => server.register(userName(user), `ApplNEW${user}`));
  await gatherBoth();
  await stack.untilIdle({ within: 240_000 });
  for (const id of both) expect(servers[id].device(userName(2), 'ApplNEW2')?.approval_policy).toBe(1);
  await stack.putEvents([
    { type: 'EnrolmentChanged', detail: { enrolment: enrolmentOf(userName(2), { id: 'e2', mailDeviceIds: ['ApplNEW2'] }) } },
  ]);
  await eventually(async () => both.every((id) => servers[id].device(userName(2), 'ApplNEW2')?.approval_policy === 2) || null, {
    what: 'The approval of the phone that was enrolled',
  });
  await gatherBoth();
  await stack.untilIdle({ within: 240_000 });
  const rows = await listedAt('hq');
  expect(rows.get(`${userName(1)} ApplNEW1`)).toMatchObject({
    verdict: 'approve',
    rule: 'enrolled-device',
    approval: 'approved',
  });
  expect(rows.get(`${userName(3)} ApplNEW3`)).toMatchObject({ verdict: 'hold', rule: 'over-allowance', approval: 'pending' });
  await expectSameAtBoth();
}, 300_000);

test('every action type ends as at SmartCloud, whoever requests it', async () => {
  const at = (user: number) => ({ user: userName(user), deviceId: `ApplNEW${user}` });
  const wipe = ['device'];
  await Promise.all([
    carryOut({ type: 'approve', ...at(3) }),
    carryOut({ type: 'block', ...at(4) }),
    carryOut({ type: 'approve', ...at(5) }).then(() => carryOut({ type: 'block', ...at(5) })),
    carryOut({ type: 'block', ...at(6) }).then(() => carryOut({ type: 'approve', ...at(6) })),
    carryOut({ type: 'remove', ...at(7) }),
    carryOut({ type: 'wipe', ...at(8), wipe }, ['applied']),
    carryOut({ type: 'wipe', ...at(9), wipe }, ['applied']).then(() => carryOut({ type: 'cancel-wipe', ...at(9) })),
    carryOut({ type: 'approve', ...at(10) })
      .then(() => carryOut({ type: 'block', ...at(10) }))
      .then(() => carryOut({ type: 'wipe', ...at(10), wipe: ['apps', 'storage-card'] }, ['applied']))
      .then(() => carryOut({ type: 'cancel-wipe', ...at(10) })),
    carryOut({ type: 'remove', user: userName(20), deviceId: 'ApplAAA0047' }),
  ]);
  for (const id of both) {
    expect(servers[id].device(userName(8), 'ApplNEW8')).toMatchObject({ requested_wipe_options: 'wipeDevice' });
    expect(servers[id].device(userName(7), 'ApplNEW7')).toBeUndefined();
    expect(servers[id].device(userName(10), 'ApplNEW10')).toMatchObject({ access_status: 1, requested_wipe_options: '' });
  }
  await gatherBoth();
  await stack.untilIdle({ within: 240_000 });
  await expectSameAtBoth();
}, 300_000);

test('a phone that carries out its wipe ends the wipe with the next gather', async () => {
  const { actions } = (await stack.api('/actions?type=wipe&state=applied')).body;
  const open = actions.filter((action: { target: { user: string } }) => action.target.user === userName(8));
  expect(open).toHaveLength(2);
  everywhere((server) => server.wipes(userName(8), 'ApplNEW8'));
  await gatherBoth();
  await ended(Object.fromEntries(open.map((action: { actionId: string }) => [action.actionId, action.actionId])), ['wiped']);
  await stack.untilIdle({ within: 240_000 });
  await expectSameAtBoth();
}, 300_000);

test('a phone without approval is kept out too: denied, or locked over the console', async () => {
  const target = { user: userName(30), deviceId: 'ApplAAA0070' };
  await carryOut({ type: 'block', ...target });
  for (const id of both) expect(servers[id].device(target.user, target.deviceId)?.access_status).toBe(1);
  await carryOut({ type: 'approve', ...target });
  for (const id of both) expect(servers[id].device(target.user, target.deviceId)?.access_status).toBe(0);
}, 300_000);

test("the relay's own secrets reached neither the cloud nor its log", async () => {
  const output = relay.process.text();
  for (const text of [stack.output(), output.out, output.error]) {
    expect(text).not.toContain(servers.hq.credentials.password);
    expect(text).not.toContain(Buffer.from(`svc-extender:${servers.hq.credentials.password}`).toString('base64'));
  }
  expect(output.out).not.toContain(userName(3));
  expect((await relay.view()).problems).toEqual([]);
});
