/** Every event in every state, one line per cell; in a cell that is not listed nothing may happen. */
import { describe, expect, test } from 'vitest';
import { step } from '../../../relay/connection/reducer.ts';
import {
  type Effect,
  type Event,
  type Given,
  initial,
  type State,
  type StateName,
  type Timer,
  timersOf,
} from '../../../relay/connection/states.ts';

const timing = {
  openMs: 30_000,
  heartbeatMs: 10_000,
  silenceMs: 25_000,
  lifeMs: 7_200_000,
  settledMs: 60_000,
  drainMs: 15_000,
  leaveMs: 1_500,
};
const given: Given = { timing, chance: 0.5 };
const cut = { why: 'cut', pace: 'soon' } as const;
const restart = { why: 'restarting', pace: 'now' } as const;
const revoked = { why: 'enrol-again', pace: 'slow' } as const;

/** Sockets: 1 is the older one, 2 the newer one if there are two, 9 one that no longer exists. */
const states: { [N in StateName]: Extract<State, { name: N }> } = {
  idle: { name: 'idle', opened: 0, failures: 0 },
  waiting: { name: 'waiting', opened: 1, failures: 3, last: cut },
  connecting: { name: 'connecting', opened: 1, failures: 3, socket: 1 },
  greeting: { name: 'greeting', opened: 1, failures: 3, socket: 1 },
  live: { name: 'live', opened: 1, failures: 3, socket: 1 },
  renewing: { name: 'renewing', opened: 2, failures: 3, socket: 1, next: 2 },
  'renewing-greeting': { name: 'renewing-greeting', opened: 2, failures: 3, socket: 1, next: 2 },
  resting: { name: 'resting', opened: 2, failures: 3, socket: 1 },
  draining: { name: 'draining', opened: 2, failures: 3, socket: 2, old: 1 },
  leaving: { name: 'leaving', opened: 1, failures: 3, socket: 1 },
  stopped: { name: 'stopped', opened: 1, failures: 3 },
};
const names = Object.keys(states).filter((name): name is StateName => name in states);

const timers: Timer[] = ['retry', 'open', 'beat', 'silence', 'life', 'settled', 'drain', 'leave'];
const perSocket = (socket: number): Record<string, Event> => ({
  [`opened ${socket}`]: { type: 'opened', socket },
  [`welcomed ${socket}`]: { type: 'welcomed', socket },
  [`foreign ${socket}`]: { type: 'foreign', socket },
  [`heard ${socket}`]: { type: 'heard', socket },
  [`dismissed ${socket}: now`]: { type: 'dismissed', socket, ending: restart },
  [`dismissed ${socket}: slow`]: { type: 'dismissed', socket, ending: revoked },
  [`closed ${socket}`]: { type: 'closed', socket, ending: cut },
});
const events: Record<string, Event> = {
  start: { type: 'start' },
  stop: { type: 'stop' },
  drained: { type: 'drained' },
  ...Object.fromEntries(timers.map((timer): [string, Event] => [`timer ${timer}`, { type: 'timer', timer }])),
  ...perSocket(1),
  ...perSocket(2),
  ...perSocket(9),
};

/** `retry` at this pace and half the random range, after three failures. */
const retry = { soon: 'set retry 2050', slow: 'set retry 20500' };
const live = (socket: number) => `route ${socket}, set beat 10000, set silence 25000, set settled 60000, set life 5760000`;
const open = (socket: number) => `open ${socket}, set open 30000`;
const leave = 'route none, goodbye 1 stop, close 1, set leave 1500';
const clearLive = 'clear beat, clear silence, clear settled';
const beat = { 'timer beat': 'same: ping 1, set beat 10000' };
const settled = { 'timer settled': 'same: ' };
const heard = { 'heard 1': 'same: set silence 25000' };

/** `next state: effects` of each cell in which something happens. */
const cells: Record<StateName, Record<string, string>> = {
  idle: {
    start: `connecting: ${open(1)}`,
    stop: 'stopped: ',
  },
  waiting: {
    stop: 'stopped: clear retry',
    'timer retry': `connecting: clear retry, ${open(2)}`,
  },
  connecting: {
    stop: 'stopped: clear open, drop 1',
    'timer open': `waiting: clear open, drop 1, ${retry.soon}`,
    'opened 1': 'greeting: hello 1',
    'closed 1': `waiting: clear open, ${retry.soon}`,
  },
  greeting: {
    stop: 'stopped: clear open, drop 1',
    'timer open': `waiting: clear open, drop 1, ${retry.soon}`,
    'welcomed 1': `live: clear open, ${live(1)}`,
    'foreign 1': `waiting: clear open, goodbye 1 wrong-cloud, close 1, ${retry.slow}`,
    'dismissed 1: now': 'waiting: clear open, close 1, set retry 825',
    'dismissed 1: slow': `waiting: clear open, close 1, ${retry.slow}`,
    'closed 1': `waiting: clear open, ${retry.soon}`,
  },
  live: {
    stop: `leaving: ${clearLive}, clear life, ${leave}`,
    ...beat,
    ...settled,
    ...heard,
    'timer life': `renewing: clear life, ${open(2)}`,
    'timer silence': `waiting: ${clearLive}, clear life, drop 1, route none, ${retry.soon}`,
    'dismissed 1: now': `renewing: clear life, ${open(2)}`,
    'dismissed 1: slow': `waiting: ${clearLive}, clear life, close 1, route none, ${retry.slow}`,
    'closed 1': `waiting: ${clearLive}, clear life, route none, ${retry.soon}`,
  },
  renewing: {
    stop: `leaving: ${clearLive}, clear open, drop 2, ${leave}`,
    ...beat,
    ...settled,
    ...heard,
    'timer silence': `connecting: ${clearLive}, route none, drop 1`,
    'timer open': `resting: clear open, drop 2, ${retry.soon}`,
    'opened 2': 'renewing-greeting: hello 2',
    'foreign 2': `resting: clear open, goodbye 2 wrong-cloud, close 2, ${retry.slow}`,
    'dismissed 1: slow': `connecting: ${clearLive}, route none, close 1`,
    'dismissed 2: now': 'resting: clear open, close 2, set retry 825',
    'dismissed 2: slow': `resting: clear open, close 2, ${retry.slow}`,
    'closed 1': `connecting: ${clearLive}, route none`,
    'closed 2': `resting: clear open, ${retry.soon}`,
  },
  'renewing-greeting': {
    stop: `leaving: ${clearLive}, clear open, drop 2, ${leave}`,
    ...beat,
    ...settled,
    ...heard,
    'timer silence': `greeting: ${clearLive}, route none, drop 1`,
    'timer open': `resting: clear open, drop 2, ${retry.soon}`,
    'welcomed 2': `draining: clear open, drain 1, ${live(2)}, set drain 15000`,
    'foreign 2': `resting: clear open, goodbye 2 wrong-cloud, close 2, ${retry.slow}`,
    'dismissed 1: slow': `greeting: ${clearLive}, route none, close 1`,
    'dismissed 2: now': 'resting: clear open, close 2, set retry 825',
    'dismissed 2: slow': `resting: clear open, close 2, ${retry.slow}`,
    'closed 1': `greeting: ${clearLive}, route none`,
    'closed 2': `resting: clear open, ${retry.soon}`,
  },
  resting: {
    stop: `leaving: ${clearLive}, clear retry, ${leave}`,
    ...beat,
    ...settled,
    ...heard,
    'timer retry': `renewing: clear retry, ${open(3)}`,
    'timer silence': `waiting: ${clearLive}, drop 1, route none, ${retry.soon}`,
    'dismissed 1: slow': `waiting: ${clearLive}, close 1, route none, ${retry.slow}`,
    'closed 1': `waiting: ${clearLive}, route none, ${retry.soon}`,
  },
  draining: {
    stop: `leaving: ${clearLive}, clear life, clear drain, drop 1, ${leave.replaceAll(' 1 stop', ' 2 stop').replace('close 1', 'close 2')}`,
    'timer beat': 'same: ping 2, set beat 10000',
    ...settled,
    'heard 2': 'same: set silence 25000',
    'timer life': `renewing: clear life, clear drain, goodbye 1 hand-over, close 1, ${open(3)}`,
    'timer drain': 'live: clear drain, goodbye 1 hand-over, close 1',
    drained: 'live: clear drain, goodbye 1 hand-over, close 1',
    'timer silence': `waiting: ${clearLive}, clear life, clear drain, drop 2, drop 1, route none, ${retry.soon}`,
    'dismissed 1: now': 'live: clear drain, goodbye 1 hand-over, close 1',
    'dismissed 1: slow': 'live: clear drain, goodbye 1 hand-over, close 1',
    'dismissed 2: now': `waiting: ${clearLive}, clear life, clear drain, close 2, close 1, route none, set retry 825`,
    'dismissed 2: slow': `waiting: ${clearLive}, clear life, clear drain, close 2, close 1, route none, ${retry.slow}`,
    'closed 1': 'live: clear drain',
    'closed 2': `waiting: ${clearLive}, clear life, clear drain, close 1, route none, ${retry.soon}`,
  },
  leaving: {
    'timer leave': 'stopped: clear leave, drop 1',
    'closed 1': 'stopped: clear leave',
  },
  stopped: {},
};

function words(effect: Effect): string {
  const { do: what, ...rest } = effect;
  return [what, ...Object.values(rest).map((value) => value ?? 'none')].join(' ');
}

describe.each(names)('in the state %s', (name) => {
  test.each(Object.entries(events))('%s', (label, event) => {
    const before = states[name];
    const { state, effects } = step(before, event, given);
    const expected = cells[name][label];
    if (expected === undefined) {
      expect(state).toBe(before);
      expect(effects).toEqual([]);
      return;
    }
    const [next = '', done = ''] = expected.split(/: ?(.*)/s);
    expect(state.name).toBe(next === 'same' ? name : next);
    // Which timers are cleared matters; in which order does not.
    const sorted = (all: string[]) => [
      ...all.filter((each) => each.startsWith('clear')).sort(),
      ...all.filter((each) => !each.startsWith('clear')),
    ];
    expect(sorted(effects.map(words))).toEqual(sorted(done === '' ? [] : done.split(', ')));
  });

  test('no cell is listed for an event that does not exist', () => {
    expect(Object.keys(cells[name]).filter((label) => !(label in events))).toEqual([]);
  });
});

test('each state that must move on has a timer for it', () => {
  const resting: StateName[] = ['idle', 'stopped'];
  for (const name of names) expect(timersOf[name].length > 0).toBe(!resting.includes(name));
  expect(initial.name).toBe('idle');
});

test('a failed try counts until a connection has held for a while', () => {
  const failed = step(states.connecting, { type: 'closed', socket: 1, ending: cut }, given).state;
  expect(failed.failures).toBe(4);
  const welcomed = step(states.greeting, { type: 'welcomed', socket: 1 }, given).state;
  expect(welcomed.failures).toBe(3);
  expect(step(welcomed, { type: 'timer', timer: 'settled' }, given).state.failures).toBe(0);
});
