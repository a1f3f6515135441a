import { describe, expect, test } from 'vitest';
import { actionState } from '#domain/actions/action';
import { type Table, transitionFaults } from '#domain/actions/transition-check';
import {
  type ActionEvent,
  actionEvents,
  actionTable,
  finalStates,
  isFinal,
  isRefused,
  next,
  nextOf,
} from '#domain/actions/transitions';

/** What the design requires of every cell, written down a second time: state by state, event by event. All else is rejected. */
const wanted = `
requested   queue>queued         supersede>superseded  cancel>cancelled  expire>expired  fail>failed
queued      dispatch>dispatched  wait>waiting          supersede>superseded  cancel>cancelled  expire>expired  fail>failed
waiting     queue>queued         supersede>superseded  cancel>cancelled  expire>expired  fail>failed
dispatched  apply>applied        already-so>confirmed  postpone>waiting  lose>unknown  fail>failed
unknown     apply>applied        find-undone>queued    fail>failed
applied     confirm>confirmed    deliver>delivered     take-back>superseded  fail>failed
delivered   wipe>wiped           fail>failed
confirmed
wiped
superseded
cancelled
expired
failed`;
const cells = wanted
  .trim()
  .split('\n')
  .map((line) => {
    const [state = '', ...moves] = line.split(/\s+/);
    return [state, new Map(moves.map((move) => move.split('>') as [string, string]))] as const;
  });
const events = Object.keys(actionEvents) as ActionEvent[];

test('every state has a row', () => {
  expect(cells.map(([state]) => state).toSorted()).toEqual([...actionState.options].sort());
});

describe.each(cells)('an action that is %s', (name, moves) => {
  const state = actionState.parse(name);
  test.each(events)('on "%s"', (event) => {
    const answer = next(state, event);
    const to = moves.get(event);
    if (to === undefined) expect(answer).toEqual({ refused: `an action that is ${state} takes no "${event}"` });
    else expect(answer).toBe(to);
  });
});

test('an action ends confirmed, wiped, superseded, cancelled, expired or failed, and stays so', () => {
  expect([...finalStates].sort()).toEqual(['cancelled', 'confirmed', 'expired', 'failed', 'superseded', 'wiped']);
  for (const state of finalStates) for (const event of events) expect(isRefused(next(state, event))).toBe(true);
  expect(actionState.options.filter((state) => !isFinal(state))).toContain('unknown');
});

test('only a wipe can be delivered, wiped or cancelled after it was applied', () => {
  expect(nextOf({ state: 'applied', type: 'block' }, 'take-back')).toEqual({
    refused: '"take-back" happens to a wipe, not to "block"',
  });
  expect(nextOf({ state: 'applied', type: 'wipe' }, 'deliver')).toBe('delivered');
  expect(nextOf({ state: 'applied', type: 'approve' }, 'deliver')).toEqual({
    refused: '"deliver" happens to a wipe, not to "approve"',
  });
  expect(nextOf({ state: 'applied', type: 'approve' }, 'confirm')).toBe('confirmed');
});

describe('the self-check', () => {
  type Toy = Table<'a' | 'b' | 'z', 'go' | 'end'>;
  const sound: Toy = {
    states: ['a', 'b', 'z'],
    events: ['go', 'end'],
    first: 'a',
    finals: ['z'],
    moves: { a: { go: 'b' }, b: { end: 'z' }, z: {} },
  };
  const faultsWith = (moves: object) => transitionFaults({ ...sound, moves: moves as Toy['moves'] });

  test('accepts a valid table, and ours', () => {
    expect(transitionFaults(sound)).toEqual([]);
    expect(transitionFaults(actionTable)).toEqual([]);
  });
  test.each([
    ['a state that nothing reaches', { a: { end: 'z', go: 'z' }, b: { end: 'z' }, z: {} }, '"b" is never reached from "a"'],
    ['a final state that can be left', { a: { go: 'b' }, b: { end: 'z' }, z: { go: 'a' } }, '"z" is final and can be left'],
    ['a dead end', { a: { go: 'b', end: 'z' }, b: {}, z: {} }, '"b" never comes to an end'],
    ['a missing row', { a: { go: 'z', end: 'b' }, z: {} }, '"b" has no row'],
    ['a row too many', { ...sound.moves, x: {} }, '"x" has a row and is no state'],
    ['a move to nowhere', { a: { go: 'b' }, b: { end: 'x' }, z: {} }, '"b" leads to "x", which is no state'],
    ['an event that never happens', { a: { go: 'b' }, b: { go: 'z' }, z: {} }, '"end" happens in no state'],
    ['an event of another table', { a: { go: 'b' }, b: { end: 'z', stop: 'z' }, z: {} }, '"stop" is used and is no event'],
  ])('finds %s', (_, moves, fault) => {
    expect(faultsWith(moves)).toContain(fault);
  });
});
