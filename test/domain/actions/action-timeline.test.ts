/** Which steps of an action get their line in the timeline, and when: none twice, none left out, few writes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Action, Step } from '#domain/actions/action';
import { type TimelineState, timelineOfSteps } from '#domain/actions/action-timeline';
import { aRequest, newDevice } from '#test/fixtures/spine';

const phone = {
  ...{ user: 'Ann/Acme', deviceId: 'ApplONE', provider: 'ActiveSync', type: 'iPhone', level: '', notification: '' },
  ...{ lastSync: null, href: '/1', detail: null, baselineRun: null, now: 0 },
};
const asked = aRequest(newDevice(phone), { actionId: 'A1', type: 'approve', requestedAt: 0 });
const fresh: TimelineState = { told: 1, untold: [] };
const step = (state: Step['state'], at = 1_000): Step => ({ state, at, note: `note of ${state}` });
const held = { by: 'worker', until: 9_999 };

const after = (steps: readonly Step[], deviation: Partial<Action> = {}): Action => ({
  ...asked,
  state: steps.at(-1)?.state ?? asked.state,
  history: [...asked.history, ...steps],
  ...deviation,
});

test('a claimed action writes the ledger only; its end publishes all steps', () => {
  const claimed = timelineOfSteps(fresh, {
    next: after([step('dispatched')], { claim: held }),
    steps: [step('queued'), step('dispatched')],
  });
  expect(claimed.lines).toEqual([]);
  const ended = timelineOfSteps(claimed, { next: after([step('confirmed')]), steps: [step('applied'), step('confirmed')] });
  expect(ended.lines.map(({ id, data }) => [id, data.state])).toEqual([
    ['action-step|A1|1', 'queued'],
    ['action-step|A1|2', 'dispatched'],
    ['action-step|A1|3', 'applied'],
  ]);
  expect(ended).toMatchObject({ told: 5, untold: [] });
});

test('a momentary wait has no line; a visible one has', () => {
  const shown = { approval: 'pending', access: 'deny', wipe: 'none' } as const;
  const wait = (notBefore: number) => after([step('waiting')], { notBefore, after: shown });
  expect(timelineOfSteps(fresh, { next: wait(4_000), steps: [step('waiting')] }).lines).toEqual([]);
  const published = timelineOfSteps(fresh, { next: wait(61_000), steps: [step('queued'), step('waiting')] });
  expect(published.lines.map(({ says }) => says)).toEqual([
    'Approval in the action queue: note of queued.',
    'Approval waits: note of waiting.',
  ]);
  expect(published.lines.map(({ data }) => data.after)).toEqual([null, shown]);
});

test("each step is published once, stored, or the action's end", () => {
  const states = fc.constantFrom<Step['state']>('queued', 'waiting', 'dispatched', 'unknown', 'applied', 'delivered');
  const write = fc.record({
    steps: fc.array(states, { maxLength: 3 }),
    claimed: fc.boolean(),
    wait: fc.integer({ min: 0, max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 80 }), (writes) => {
      let current = fresh;
      const published: unknown[] = [];
      const made: Step['state'][] = [];
      let most = 0;
      for (const { steps, claimed, wait } of writes) {
        const now = steps.map((state) => step(state));
        const next = after(now, { claim: claimed ? held : null, notBefore: 1_000 + wait });
        const { lines, ...left } = timelineOfSteps(current, { next, steps: now });
        current = left;
        published.push(...lines.map(({ data }) => data.state));
        made.push(...steps);
        most = Math.max(most, lines.length);
        expect(lines.map(({ data }) => data.step)).toEqual(lines.map((_, nth) => left.told - lines.length + nth));
      }
      expect([...published, ...current.untold.map(({ state }) => state)]).toEqual(made);
      expect(most).toBeLessThan(90);
    }),
  );
});
