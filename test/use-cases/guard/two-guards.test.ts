/** Two guards hold one source: deciding one affects only what it stopped itself, in any order and wherever it is interrupted. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decideGuard } from '#use-cases/guard-decisions/decide-guard';
import { rejectTakings } from '#use-cases/guard-decisions/release-or-cancel';
import { aqOn, connected, devicesOfUser, enrolledAs, type FleetSide, idOf, source, startFleetSide } from './fleet-side.ts';

const usersEach = 1;
const perGuard = usersEach * devicesOfUser;
const first = 'gather-cloud-R1';
const second = 'gather-cloud-R2';
const ofFirst = Array.from({ length: perGuard }, (_, index) => idOf(index));
const ofSecond = Array.from({ length: perGuard }, (_, index) => idOf(perGuard + index));

let side: FleetSide;
beforeEach(async () => {
  side = await startFleetSide({ limits: { maxDevices: devicesOfUser - 1, maxPercent: 5 } });
  await side.inForce({ ...aqOn, devicesPerUser: 0, autoApproveByPolicy: true });
  const all = [...ofFirst, ...ofSecond];
  await side.putDevices(all.map((_, index) => connected(index)));
  await side.requests.importEnrolments(
    all.map((_, index) => enrolledAs(index, 'pushed')),
    'test',
  );
  await side.queues.drain('evaluations');
  await side.decideEveryone();
  for (const index of all.keys()) await side.requests.stores.enrolments.put(enrolledAs(index, 'manual', 2));
  const users = [...new Set((await side.devices()).map(({ user }) => user))];
  await gathered('R1', users.slice(0, usersEach));
  await gathered('R2', users.slice(usersEach));
});
afterEach(() => side.stop());

async function gathered(runId: string, users: string[]): Promise<void> {
  const assess = { runId, part: 0, parts: 1 };
  await side.dependencies.evaluations.send([
    { body: { kind: 'users', sourceId: source, users, cause: `gather ${runId}`, assess } },
  ]);
  await side.runEvaluations();
}
const decide = (guardId: string, decision: 'confirm' | 'reject') => side.requests.decideGuard(guardId, { decision, by: 'bob' });
async function blocked(): Promise<string[]> {
  await side.runEvaluations();
  return (await side.carryOut()).map((done) => done.replace('block ', ''));
}

test('what was confirmed first is carried out once the second is confirmed too', async () => {
  expect((await decide(first, 'confirm'))?.guard).toMatchObject({
    state: 'confirmed',
    outcome: `Source cloud still waits for guard ${second}. What it stopped is carried out once that is decided too.`,
  });
  expect(await blocked()).toEqual([]);
  expect((await decide(second, 'confirm'))?.guard.state).toBe('confirmed');
  expect(await blocked()).toEqual([...ofFirst, ...ofSecond]);
});

test('rejecting the first cancels only what it stopped', async () => {
  expect((await decide(first, 'reject'))?.guard.outcome).toBe(
    `${perGuard} devices keep their access. Source cloud still waits for guard ${second}.`,
  );
  expect(await blocked()).toEqual([]);
  await decide(second, 'confirm');
  expect(await blocked()).toEqual(ofSecond);
});

test('rejecting the second keeps what was confirmed before', async () => {
  await decide(first, 'confirm');
  expect((await decide(second, 'reject'))?.guard.outcome).toBe(`${perGuard} devices keep their access.`);
  expect(await blocked()).toEqual(ofFirst);
});

test('the second may be decided before the first', async () => {
  await decide(second, 'reject');
  expect(await blocked()).toEqual([]);
  await decide(first, 'confirm');
  expect(await blocked()).toEqual(ofFirst);
});

test('both rejected, nobody loses access', async () => {
  await decide(second, 'reject');
  await decide(first, 'reject');
  await side.dependencies.evaluations.send([{ body: { kind: 'everyone', sourceId: source, cause: 'later' } }]);
  expect(await blocked()).toEqual([]);
});

test('a rejection interrupted after its hold ended still evaluates what was confirmed', async () => {
  await decide(first, 'confirm');
  const begun = await side.guards.begin(second, { decision: 'reject', by: 'bob', at: side.clock.now });
  if (begun === null) throw new Error('no second guard');
  const { plan, clock } = side;
  const everyone = () => Promise.reject(new Error('cut off'));
  const cut = rejectTakings(
    { guards: side.guards, plan, ledger: side.requests.stores.ledger, evaluations: { everyone }, now: () => clock.now },
    begun.guard,
  );
  await expect(cut).rejects.toThrow('cut off');
  expect(await blocked()).toEqual([]);
  expect((await decide(second, 'reject'))?.guard.state).toBe('rejected');
  expect(await blocked()).toEqual(ofFirst);
});

test('an interrupted confirmation is completed by the same decision, past the other guard', async () => {
  const { guards, plan, clock, requests } = side;
  const cut = decideGuard({
    guards: { ...guards, finish: () => Promise.reject(new Error('cut off')) },
    plan,
    ledger: requests.stores.ledger,
    evaluations: requests.evaluations,
    publishSettings: requests.publishSettings,
    enrolments: { takeSnapshot: async () => '', takeImport: async () => '' },
    now: () => clock.now,
  });
  await expect(cut(first, { decision: 'confirm', by: 'bob' })).rejects.toThrow('cut off');
  await decide(second, 'reject');
  expect((await decide(first, 'confirm'))?.guard.state).toBe('confirmed');
  expect(await blocked()).toEqual(ofFirst);
});
