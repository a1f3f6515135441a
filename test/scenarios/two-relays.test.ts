/**
 * Two relays for one source, real processes beside the whole stack: one holds the lease, the other is on standby. The holder is
 * killed, delayed, stopped and revoked; the other takes over each time, and nothing is done twice or lost.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTravelerSimulator, type TravelerSimulator } from '#infra/simulators/traveler-simulator';
import { type EnrolledRelay, enrolRelay } from '../fixtures/enrolled-relay.ts';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';

const folder = temporaryFolder();
const leaseMs = 30_000;
const timing = { heartbeatMs: 1_000, silenceMs: 4_000, resendMs: 2_000 };
const phones = 8;
let simulator: TravelerSimulator;
let stack: Stack;
let relays: EnrolledRelay[];

beforeAll(async () => {
  simulator = await startTravelerSimulator({ devices: 60, seed: 7, keepsSecurityRecords: true });
  for (let phone = 0; phone < phones; phone++)
    simulator.arrive('Two Relays/Acme', { kind: 'ios-mail', deviceId: `ApplTWO${phone}` });
  stack = await startStack({
    config: { sources: [{ id: 'hq', kind: 'traveler' }], settings: { requireApproval: 'off' } },
    dataDir: `${folder.path}/data`,
  });
  const { url, credentials, console: domino } = simulator;
  const configuration = { traveler: { url, credentials }, console: { by: 'command', command: domino.command } };
  relays = [
    await enrolRelay(stack, { sourceId: 'hq', configuration, timing }),
    await enrolRelay(stack, { sourceId: 'hq', configuration, timing }),
  ];
  await eventually(async () => (await stack.devices()).length >= 60 + phones || null, {
    within: 120_000,
    what: 'The first gather',
  });
}, 240_000);

afterAll(async () => {
  await Promise.all((relays ?? []).map((relay) => relay.kill('SIGKILL')));
  await stack?.stop();
  await simulator?.stop();
  folder.remove();
});

/** The one that holds the lease, and the other, which is connected. */
async function roles(): Promise<{ holder: EnrolledRelay; other: EnrolledRelay }> {
  return eventually(
    async () => {
      const views = await Promise.all(relays.map((relay) => relay.view()));
      const holds = views.findIndex(({ holdsLease }) => holdsLease);
      const [holder, other] = [relays[holds], relays[1 - holds]];
      return holder && other && views[1 - holds]?.state === 'connected' ? { holder, other } : null;
    },
    { within: 90_000, what: 'A holder and one that waits' },
  );
}

async function block(phone: number): Promise<string> {
  const target = { sourceId: 'hq', user: 'Two Relays/Acme', deviceId: `ApplTWO${phone}` };
  const { status, body } = await stack.api('/actions', { method: 'POST', body: { type: 'block', target } });
  expect(status).toBe(202);
  return body.actionId;
}
const confirmed = (actionId: string, within = 120_000) =>
  eventually(async () => (await stack.api(`/actions/${actionId}`)).body.state === 'confirmed' || null, {
    within,
    what: `The confirmed ${actionId}`,
  });
const locksOf = (phone: number) =>
  simulator.console.effects.filter(({ line }) => line.includes(`flagsAdd lock ApplTWO${phone} `));
type Line = { kind: string; says: string; data: { relayId?: string } };
/** Of the source, page by page. */
async function journal(): Promise<Line[]> {
  const lines: Line[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = new URLSearchParams({ source: 'hq', ...(cursor === '' ? {} : { cursor }) });
    const page = await fetch(`${stack.apiUrl}/journal?${query}`, { headers: { authorization: `Bearer ${stack.apiToken}` } });
    for (const text of (await page.text()).split('\n').filter(Boolean)) lines.push(JSON.parse(text).line);
    cursor = page.headers.get('x-next-cursor');
  }
  return lines;
}

test('one holds the lease, the other waits for it', async () => {
  const { holder, other } = await roles();
  expect(await holder.view()).toMatchObject({ state: 'connected', holdsLease: true });
  expect(await other.view()).toMatchObject({ state: 'connected', holdsLease: false, fence: null });
}, 120_000);

test('the holder is killed during a gather, and the other completes it', async () => {
  const { holder, other } = await roles();
  const before = await holder.view();
  simulator.setFaults([{ kind: 'delay', ms: 200, on: 'detail' }]);
  simulator.upgradeSome(40);
  const { body } = await stack.api('/gathers', { method: 'POST', body: { sourceId: 'hq' } });
  await eventually(async () => (await stack.api(`/gathers/${body.runId}`)).body.state === 'running' || null, { every: 20 });
  await holder.kill('SIGKILL');
  const killed = Date.now();
  const id = await block(0);
  const after = await other.until(({ holdsLease }) => holdsLease, { within: leaseMs + 15_000, what: 'The other as holder' });
  expect(Date.now() - killed).toBeLessThan(leaseMs + 15_000);
  expect(after.fence).toBeGreaterThan(before.fence ?? 0);
  await confirmed(id);
  const run = await eventually(
    async () => {
      const found = (await stack.api(`/gathers/${body.runId}`)).body;
      return found.state === 'completed' ? found : null;
    },
    { within: 120_000, what: 'The end of the gather' },
  );
  expect(run.counts.devices).toBe(simulator.deviceCount);
  simulator.setFaults([]);
  expect(locksOf(0)).toHaveLength(1);
  holder.start();
  await roles();
}, 300_000);

test('a holder paused beyond its lease writes nothing when it resumes', async () => {
  const { holder, other } = await roles();
  holder.process.child.kill('SIGSTOP');
  const id = await block(1);
  await other.until(({ holdsLease }) => holdsLease, { within: leaseMs + 15_000, what: 'The other as holder' });
  await confirmed(id);
  holder.process.child.kill('SIGCONT');
  await holder.until(({ state, holdsLease }) => state === 'connected' && !holdsLease);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(locksOf(1)).toHaveLength(1);
}, 240_000);

test('a planned stop passes the lease on at once', async () => {
  const { holder, other } = await roles();
  const asked = Date.now();
  await holder.kill('SIGTERM');
  const stopped = Date.now();
  await other.until(({ holdsLease }) => holdsLease, { within: 10_000, what: 'The other as holder' });
  expect(Date.now() - stopped).toBeLessThan(10_000);
  expect(stopped - asked).toBeLessThan(10_000);
  const id = await block(2);
  await confirmed(id, 30_000);
  expect(locksOf(2)).toHaveLength(1);
  holder.start();
  await roles();
}, 180_000);

test('a revoked holder is disconnected, and the other takes over at once', async () => {
  const { holder, other } = await roles();
  expect((await stack.api(`/relays/${holder.relayId}`, { method: 'DELETE' })).status).toBe(204);
  await other.until(({ holdsLease }) => holdsLease, { within: 10_000, what: 'The other as holder' });
  expect((await holder.view()).state).toBe('revoked');
  await eventually(async () => holder.process.lines.find((line) => /revoked|refused/i.test(JSON.stringify(line))) ?? null, {
    within: 30_000,
    what: 'The refusal in the log of the revoked relay',
  });
  await confirmed(await block(3), 60_000);
  expect(locksOf(3)).toHaveLength(1);
  expect((await holder.view()).state).toBe('revoked');
  expect(holder.process.child.exitCode).toBeNull();
}, 180_000);

test('the journal records each connect and disconnect, and who took over', async () => {
  const lines = await journal();
  const kinds = (kind: string) => lines.filter((line) => line.kind === kind);
  for (const { relayId } of relays) {
    expect(kinds('relay-connected').filter(({ data }) => data.relayId === relayId).length, relayId).toBeGreaterThan(0);
    expect(kinds('relay-disconnected').filter(({ data }) => data.relayId === relayId).length, relayId).toBeGreaterThan(0);
  }
  expect(lines.filter(({ says }) => /reads and acts on this source from now on/.test(says)).length).toBeGreaterThanOrEqual(4);
}, 60_000);
