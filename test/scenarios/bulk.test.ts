/** A bulk at a slow server, on the whole stack: single requests, there and elsewhere, do not wait for its end. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Stack, startStack, temporaryFolder } from '../fixtures/stack.ts';
import { userName } from './fleet.ts';
import { type ForeignTraveler, startForeignTraveler } from './foreign-traveler.ts';

const folder = temporaryFolder();
const many = 80;
let [slow, quick]: ForeignTraveler[] = [];
let stack: Stack;

beforeAll(async () => {
  [slow, quick] = [await startForeignTraveler({ detailMs: 150 }), await startForeignTraveler()];
  for (let index = 0; index <= many; index++) slow.register(userName(index), `ApplSLOW${index}`);
  quick.register(userName(0), 'ApplQUICK0');
  const common = { kind: 'smartcloud', credentials: slow.credentials };
  stack = await startStack({
    config: {
      sources: [
        { ...common, id: 'slow', url: slow.url, concurrency: 3 },
        { ...common, id: 'quick', url: quick.url },
      ],
      settings: { requireApproval: 'off' },
    },
    dataDir: `${folder.path}/data`,
  });
  await eventually(async () => ((await stack.devices()).length === many + 2 ? true : null), {
    within: 60_000,
    what: 'The devices',
  });
  await stack.untilIdle();
}, 120_000);

afterAll(async () => {
  await stack?.stop();
  await Promise.all([slow?.stop(), quick?.stop()]);
  folder.remove();
});

const blockOf = (sourceId: string, user: number, deviceId: string) => ({
  type: 'block',
  target: { sourceId, user: userName(user), deviceId },
});

/** Requests it separately, and waits until it has ended. */
async function single(request: ReturnType<typeof blockOf>): Promise<string> {
  const { body } = await stack.api('/actions', { method: 'POST', body: request });
  return eventually(
    async () => {
      const { state } = (await stack.api(`/actions/${body.actionId}`)).body;
      return ['confirmed', 'failed'].includes(state) ? state : null;
    },
    { within: 30_000, what: 'The end of a single action' },
  );
}

test('single actions end during a bulk, at both sources; the bulk then completes', async () => {
  const actions = Array.from({ length: many }, (_, index) => blockOf('slow', index, `ApplSLOW${index}`));
  const { status } = await stack.api('/actions', { method: 'POST', body: { actions, bulkId: 'many' } });
  expect(status).toBe(202);
  const bulk = async () => (await stack.api('/bulks/many')).body;
  await eventually(async () => ((await bulk()).states.confirmed > 0 ? true : null), { within: 30_000, what: 'A first end' });

  expect(await single(blockOf('quick', 0, 'ApplQUICK0'))).toBe('confirmed');
  expect(await single(blockOf('slow', many, `ApplSLOW${many}`))).toBe('confirmed');
  expect((await bulk()).states.confirmed).toBeLessThan(many);

  await eventually(async () => ((await bulk()).states.confirmed === many ? true : null), { within: 120_000, what: 'The bulk' });
  const blocked = slow?.writes.map(({ deviceId }) => deviceId) ?? [];
  expect(blocked).toHaveLength(many + 1);
  expect(new Set(blocked).size).toBe(many + 1);
}, 180_000);

test('actions that the portal streams are all carried out, each once', async () => {
  const before = slow?.writes.length ?? 0;
  const at = Date.now();
  const events = Array.from({ length: 30 }, (_, index) => ({
    type: 'ActionRequested',
    detail: {
      ...blockOf('slow', index, `ApplSLOW${index}`),
      ...{ type: 'approve', actionId: `streamed ${index}`, requestedAt: at, requestedBy: { kind: 'rule', name: 'portal' } },
    },
  }));
  await stack.putEvents(events);
  const state = async (index: number) => (await stack.api(`/actions/${encodeURIComponent(`streamed ${index}`)}`)).body.state;
  for (let index = 0; index < events.length; index++)
    await eventually(async () => ((await state(index)) === 'confirmed' ? true : null), {
      within: 60_000,
      what: `Action ${index}`,
    });
  const written = slow?.writes.slice(before).map(({ deviceId }) => deviceId) ?? [];
  expect(written.sort()).toEqual(events.map(({ detail }) => detail.target.deviceId).sort());
}, 120_000);
