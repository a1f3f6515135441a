/**
 * What comes in masses has a queue of its own: the looks after each action's end must not keep the actions of another source, or
 * who has just enrolled, waiting behind them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EvaluationMessage } from '#domain/messages';
import { type ManualQueue, manualQueue } from '#test/fixtures/manual-queue';
import { aRequest, type Spine, sourceId, startSpine } from '#test/fixtures/spine';

const phone = { user: 'Mass/Acme', deviceId: 'ApplM' };
let spine: Spine;
let evaluations: ManualQueue;
let reevaluations: ManualQueue;

beforeAll(async () => {
  spine = await startSpine();
  spine.simulator.arrive(phone.user, phone);
  await spine.gather(phone.user);
  await spine.settle();
  [evaluations, reevaluations] = [manualQueue(() => spine.clock.now), manualQueue(() => spine.clock.now)];
});
afterAll(() => spine.stop());

async function actOn(actionId: string): Promise<void> {
  const device = await spine.device(phone);
  await spine.ledger.request(aRequest(device, { actionId, type: 'block', requestedAt: ++spine.clock.now, state: 'queued' }));
  const message = { body: { actionId, sourceId, ...phone }, sentAt: spine.clock.now };
  await spine.perform.action(message, { ...spine.actDependencies, evaluations, reevaluations });
}
const kinds = ({ sent }: ManualQueue) => sent.map((body) => (body as EvaluationMessage).kind);

test('the look after the end of an action waits with its like; what is due again, too', async () => {
  await actOn('ends');
  expect(kinds(reevaluations)).toEqual(['users']);
  spine.simulator.setFaults([{ kind: 'status', code: 500, on: 'detail', times: 1 }]);
  await actOn('again');
  expect(kinds(reevaluations)).toEqual(['users', 'users']);
  expect(kinds(evaluations)).toEqual([]);
});

test('what has the waiting actions of a source sent passes all of them by', async () => {
  spine.simulator.setFaults([{ kind: 'status', code: 503, retryAfter: '60', on: 'detail', times: 1 }]);
  await actOn('pauses');
  expect(kinds(evaluations)).toEqual(['resume']);
});
