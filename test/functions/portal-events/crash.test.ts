/**
 * Killed at every call of DynamoDB and SQS in turn, and given the same event again: what is stored and sent is what an
 * undisturbed run leaves. The places are found by counting, not chosen.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultSettings } from '#domain/quarantine/settings';
import { portalEvents } from '#functions/portal-events/portal-events';
import { Killed, killedAt } from '#test/fixtures/crashing';
import { requestsOf } from '#use-cases/portal-use-cases';
import { aDevice, anEnrolment, configuration, type PortalSide, start, startPortalSide } from './portal-side.ts';

let side: PortalSide;
beforeAll(async () => {
  side = await startPortalSide();
});
afterAll(() => side.stop());

const userOf = (n: number) => `User ${n}/Acme`;
const target = (n: number) => ({ sourceId: 'cloud', user: userOf(n), deviceId: `D${n}` });
const former = (n: number) => ({ sourceId: 'cloud', user: `Former ${n}/Acme`, deviceId: `F${n}` });
const email = (n: number) => `user-${n}@acme.com`;

/** `n` makes the names of one run unique; its result is compared without it. */
type Scenario = {
  name: string;
  kind: string;
  detail: (n: number) => unknown;
  prepare: (n: number) => Promise<unknown>;
  remains: (n: number) => Promise<unknown>;
};

const moved = (n: number) => anEnrolment({ id: `E${n}`, version: 2, user: { email: email(n) }, mailDeviceIds: [`D${n}`] });

const scenarios: Scenario[] = [
  {
    name: 'an enrolment that moves from one device to another',
    kind: 'EnrolmentChanged',
    detail: (n) => ({ enrolment: moved(n) }),
    prepare: (n) =>
      side.requests.takeEnrolments([anEnrolment({ id: `E${n}`, user: { email: email(n) }, mailDeviceIds: [`F${n}`] })]),
    async remains(n) {
      const { enrolments } = side.requests.stores;
      return { version: (await enrolments.read(`E${n}`))?.version, again: (await enrolments.put(moved(n))).formers };
    },
  },
  {
    name: 'a block that a person asks for',
    kind: 'ActionRequested',
    detail: (n) => ({
      actionId: `A${n}`,
      requestedAt: start,
      requestedBy: { kind: 'person', name: 'Ann' },
      type: 'block',
      target: target(n),
    }),
    prepare: async () => undefined,
    async remains(n) {
      const { ledger, decisions, timeline, devices } = side.requests.stores;
      const action = await ledger.read(`A${n}`);
      return {
        states: action?.history.map(({ state }) => state),
        decisions: (await decisions.of(target(n))).map(({ decided }) => decided),
        lines: (await timeline.read(target(n))).map(({ says }) => says),
        shown: (await devices.getDevice(target(n)))?.openAction?.type,
      };
    },
  },
  {
    name: 'a decision that is withdrawn',
    kind: 'DecisionWithdrawn',
    detail: (n) => ({ target: target(n), decidedBy: 'Bob' }),
    prepare: (n) =>
      side.requests.decisions.record(target(n), {
        decisionId: `W${n}`,
        deviceId: `D${n}`,
        decided: 'block',
        by: { kind: 'person', name: 'Ann' },
        at: start - 1,
      }),
    async remains(n) {
      const { decisions, timeline } = side.requests.stores;
      const withdrawn = (await decisions.of(target(n))).map(({ withdrawnAt }) => withdrawnAt);
      return { withdrawn, lines: (await timeline.read(target(n))).length };
    },
  },
  {
    name: 'settings that are published',
    kind: 'SettingsPublished',
    detail: (n) => ({ settings: { ...defaultSettings, devicesPerUser: n }, version: n, publishedBy: 'Ann', publishedAt: start }),
    prepare: async () => undefined,
    async remains(n) {
      const { settings, version } = await side.requests.stores.settings.current('cloud');
      return { published: settings.devicesPerUser === n, step: version - n };
    },
  },
];

/** What was sent since the last call, each once, without the number of the run. */
async function sent(n: number): Promise<string[]> {
  const named = (text: string) => text.replaceAll(new RegExp(`(?<=\\D)${n}(?=\\D)`, 'g'), 'n');
  const [evaluations, actions, gathers] = await Promise.all([
    side.queues.drain('evaluations') as Promise<{ kind: string; sourceId: string; users?: string[] }[]>,
    side.queues.drain('actions'),
    side.queues.drain('gather') as Promise<{ sourceId: string; reason: string }[]>,
  ]);
  const decided = evaluations.flatMap(({ sourceId, users = ['everyone'] }) => users.map((user) => `${sourceId}: ${user}`));
  const asked = gathers.map(({ sourceId, reason }) => `gather ${sourceId} for ${reason}`);
  return [...new Set([...decided, ...asked, ...actions.map((one) => JSON.stringify(one))].map(named))].sort();
}

async function runKilled(scenario: Scenario, n: number, at: number) {
  await side.store(aDevice(target(n)));
  await side.store(aDevice(former(n)));
  await scenario.prepare(n);
  await sent(n);
  const { kind } = scenario;
  const event = { id: `event-${n}`, source: 'portal', 'detail-type': kind, time: new Date(start).toISOString() };
  const body = JSON.stringify({ ...event, detail: scenario.detail(n) });
  const { killPoint, wrap } = killedAt(at);
  const clients = { dynamodb: wrap(side.database.client, 'dynamodb'), sqs: wrap(side.queues.client, 'sqs'), now: () => start };
  const death = await portalEvents(requestsOf(side.environment, configuration, clients))(body, start).catch(
    (error: unknown) => error,
  );
  if (killPoint.died() && !(death instanceof Killed)) throw new Error('it went on after its death', { cause: death });
  if (killPoint.died()) await portalEvents(side.requests)(body, start);
  return {
    died: killPoint.died(),
    places: killPoint.passed(),
    where: killPoint.where(),
    left: { ...((await scenario.remains(n)) as object), sent: await sent(n) },
  };
}

let world = 1000;
test.each(scenarios)(
  '$name: killed anywhere, the same event again completes it',
  async (scenario) => {
    await side.requests.takeEnrolments([]);
    const undisturbed = await runKilled(scenario, ++world, Number.POSITIVE_INFINITY);
    expect(undisturbed.left.sent.length).toBeGreaterThan(0);
    let at = 1;
    for (; ; at++) {
      const run = await runKilled(scenario, ++world, at);
      if (!run.died) break;
      expect({ where: run.where, ...run.left }).toEqual({ where: run.where, ...undisturbed.left });
    }
    expect(at).toBeGreaterThan(8);
  },
  120_000,
);
