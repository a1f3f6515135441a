/** Whether an action may be sent, when it is retried, and what a failure leads to: decided from values alone. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Action, type ActionType, actionState, actionType } from '#domain/actions/action';
import { durations, stepsThrough } from '#domain/actions/apply-events';
import { consequences } from '#domain/actions/failure-consequences';
import { isNewer, type ReadinessFacts, readiness, supersedes } from '#domain/actions/readiness';
import { redeliveryOf } from '#domain/actions/redelivery';
import { backoff, delaySeconds, longestWait, nextTry } from '#domain/actions/retry';
import { isFinal } from '#domain/actions/transitions';
import { failureKind } from '#domain/devices/source';

const now = 1_700_000_000_000;

function anAction(deviation: Partial<Action> = {}): Action {
  return {
    sourceId: 'cloud',
    user: 'Jane Doe/Acme',
    deviceId: 'ApplA',
    actionId: 'a',
    type: 'approve',
    requestedAt: now - 1000,
    requestedBy: { kind: 'person', name: 'ann' },
    reason: '',
    purpose: 'decision',
    registeredAt: 1,
    expiresAt: now + 1_000_000,
    state: 'requested',
    attempts: 0,
    notBefore: null,
    claim: null,
    before: null,
    after: null,
    outcome: null,
    history: [],
    ...deviation,
  };
}
const facts = (deviation: Partial<ReadinessFacts> = {}): ReadinessFacts => ({
  now,
  device: { registeredAt: 1, presence: 'present' },
  open: [],
  source: { problem: null, retryAt: null },
  reach: 'direct',
  ...deviation,
});
const deniedSource = { problem: { kind: 'denied', what: '', where: '', remedy: '', at: 0 }, retryAt: now + 60_000 } as const;

test('an action is sent when its device and source are available', () => {
  expect(readiness(anAction(), facts())).toEqual({ answer: 'go' });
});

test.each([
  ['past its deadline', anAction({ expiresAt: now }), facts(), 'expire'],
  ['for an earlier registration', anAction({ registeredAt: 2 }), facts(), 'fail'],
  ['for a device that was removed', anAction(), facts({ device: { registeredAt: 1, presence: 'removed' } }), 'fail'],
  [
    'that a newer request contradicts',
    anAction(),
    facts({ open: [anAction({ actionId: 'b', type: 'block', requestedAt: now })] }),
    'supersede',
  ],
])('an action %s ends before it is sent', (_, action, around, event) => {
  expect(readiness(action, around)).toMatchObject({ answer: 'end', event });
});

test('an earlier queued removal goes first, in whichever lane, but before no wipe', () => {
  const removal = (deviation: Partial<Action>) => anAction({ actionId: 'r', type: 'remove', state: 'queued', ...deviation });
  const beside = (other: Action) => readiness(anAction({ state: 'queued' }), facts({ open: [other] }));
  expect(beside(removal({ requestedAt: now - 2000 }))).toMatchObject({ answer: 'wait', note: expect.stringMatching(/removal/) });
  expect(beside(removal({ requestedAt: now - 2000, state: 'waiting' }))).toEqual({ answer: 'go' });
  const wipe = anAction({ type: 'wipe', state: 'queued' });
  expect(readiness(wipe, facts({ open: [removal({ requestedAt: now - 2000 })] }))).toEqual({ answer: 'go' });
});

test('a wipe goes first, unless a newer request cancels it unsent', () => {
  const wipe = (deviation: Partial<Action> = {}) =>
    anAction({ actionId: 'w', type: 'wipe', state: 'queued', requestedAt: now - 500, ...deviation });
  const cancel = (requestedAt: number) => anAction({ actionId: 'c', type: 'cancel-wipe', state: 'queued', requestedAt });
  const waits = { answer: 'wait', note: expect.stringMatching(/wipe/) };
  for (const type of ['approve', 'block', 'remove'] as const) {
    const beside = (...open: Action[]) => readiness(anAction({ type, state: 'queued' }), facts({ open }));
    expect(beside(wipe())).toMatchObject(waits);
    expect(beside(wipe(), cancel(now))).toEqual({ answer: 'go' });
    expect(beside(wipe(), cancel(now - 600))).toMatchObject(waits);
    expect(beside(wipe({ state: 'applied' }), cancel(now))).toMatchObject(waits);
    expect(beside(wipe(), cancel(now), wipe({ actionId: 'again', requestedAt: now + 1 }))).toMatchObject(waits);
  }
});

test('each end before sending that nobody requested says what to do', () => {
  const ends = [
    readiness(anAction({ expiresAt: now }), facts()),
    readiness(anAction({ registeredAt: 2 }), facts()),
    readiness(anAction(), facts({ device: { registeredAt: 1, presence: 'removed' } })),
    readiness(anAction({ type: 'wipe' }), facts({ device: { registeredAt: 1, presence: 'present', returnedAt: now } })),
  ];
  expect(ends.filter((end) => end.answer !== 'end' || !/ask again/i.test(end.note))).toEqual([]);
});

test.each(['dispatched', 'unknown', 'applied'] as const)(
  'an action that is %s is read first past its deadline, not expired',
  (state) => {
    const action = anAction({ state, expiresAt: now - 1, claim: { by: 'gone', until: now - 1 } });
    expect(readiness(action, facts())).toEqual({ answer: 'go' });
  },
);

test.each([
  ['its source turns our credentials away', facts({ source: deniedSource }), now + 60_000],
  ['its source is behind a relay', facts({ reach: 'relay' }), now + longestWait],
  ['its source is not configured', facts({ reach: 'unconfigured' }), now + longestWait],
  ['its device is not known yet', facts({ device: null }), now + 60_000],
  [
    'another action of the device is under way',
    facts({ open: [anAction({ actionId: 'b', type: 'wipe', claim: { by: 'x', until: now + 5 } })] }),
    now + 5,
  ],
])('an action waits while %s', (_, around, until) => {
  expect(readiness(anAction(), around)).toMatchObject({ answer: 'wait', until });
});

test('a claim is valid until its time, and not a millisecond longer', () => {
  const held = (until: number) => readiness(anAction({ state: 'dispatched', claim: { by: 'x', until } }), facts()).answer;
  expect([held(now + 1), held(now)]).toEqual(['held', 'go']);
});

test('an ended action stays ended', () => {
  for (const state of actionState.options.filter(isFinal))
    expect(readiness(anAction({ state, expiresAt: 0, registeredAt: 9 }), facts({ device: null }))).toEqual({ answer: 'ended' });
});

test('only a newer request supersedes an unsent one, cancellations aside', () => {
  const types = fc.constantFrom(...actionType.options);
  const states = fc.constantFrom(...actionState.options);
  fc.assert(
    fc.property(
      types,
      types,
      states,
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      (newer, older, state, at, before) => {
        const one = anAction({ actionId: 'one', type: newer, requestedAt: at });
        const other = anAction({ actionId: 'other', type: older, requestedAt: before, state });
        if (!supersedes(one, other)) return;
        expect(isNewer(one, other)).toBe(true);
        expect(['requested', 'queued', 'waiting']).toContain(state);
        if (older === 'wipe') expect(newer).toBe<ActionType>('cancel-wipe');
        expect(supersedes(other, one)).toBe(false);
      },
    ),
  );
});

test("a wait is at least a second, within SQS's limit, and grows", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 0, max: 10_000_000 }),
      (attempts, random, atLeast) => {
        const wait = backoff(attempts, random, { atLeast });
        expect(wait).toBeGreaterThanOrEqual(Math.min(longestWait, Math.max(1_000, atLeast)));
        expect(wait).toBeLessThanOrEqual(longestWait);
        expect(delaySeconds(now + wait, now)).toBeLessThanOrEqual(900);
        expect(now + delaySeconds(now + wait, now) * 1000).toBeGreaterThanOrEqual(now + wait);
      },
    ),
  );
  expect(backoff(1, 0.999)).toBeLessThan(backoff(6, 0.999));
  expect(nextTry({ expiresAt: now + 10 }, now, { wait: 1_000 })).toBe(now + 10);
});

test('every failure kind has a consequence, and an unanswered write is reconciled', () => {
  expect(Object.keys(consequences).sort()).toEqual([...failureKind.options].sort());
  expect(consequences.unknown).toEqual({ reading: 'retry', writing: 'reconcile' });
  expect(consequences.transient.writing).toBe('reconcile');
});

test.each([
  ['requested and perhaps never sent', anAction(), 'send'],
  ['waiting and due', anAction({ state: 'waiting', notBefore: now }), 'send'],
  ['waiting for later', anAction({ state: 'waiting', notBefore: now + 60_000 }), 'leave'],
  ['held by a worker', anAction({ state: 'dispatched', claim: { by: 'x', until: now + 1 } }), 'leave'],
  ['held by a worker that is gone', anAction({ state: 'dispatched', claim: { by: 'x', until: now } }), 'send'],
  ['ended', anAction({ state: 'confirmed' }), 'forget'],
  ['not in the ledger', undefined, 'forget'],
])('an open action that is %s: %s', (_, action, push) => {
  expect(redeliveryOf(action, now)).toBe(push);
});

test('a step that the transition table rejects is not written', () => {
  expect(() => stepsThrough({ state: 'confirmed', type: 'approve' }, [{ event: 'queue', at: 1, note: '' }])).toThrow(
    /confirmed takes no "queue"/,
  );
});

test('times in the states add up to the whole', () => {
  const steps = stepsThrough({ state: 'requested', type: 'approve' }, [
    { event: 'queue', at: 10, note: '' },
    { event: 'wait', at: 15, note: '' },
    { event: 'queue', at: 40, note: '' },
    { event: 'dispatch', at: 41, note: '' },
  ]);
  expect(durations([{ state: 'requested', at: 0, note: '' }, ...steps])).toEqual({ requested: 10, queued: 6, waiting: 25 });
});
