/** Whatever happens, in whatever order: the connection never gets stuck, leaks nothing, and never stops retrying. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paces } from '../../../relay/connection/backoff.ts';
import type { Ending } from '../../../relay/connection/close-policy.ts';
import { step } from '../../../relay/connection/reducer.ts';
import {
  type Effect,
  type Event,
  type Given,
  initial,
  type State,
  type Timer,
  timersOf,
} from '../../../relay/connection/states.ts';

const timing = { openMs: 300, heartbeatMs: 100, silenceMs: 250, lifeMs: 10_000, settledMs: 600, drainMs: 150, leaveMs: 15 };

/** A world in which effects take place: which sockets exist, and which timers run. */
type World = { state: State; sockets: Set<number>; timers: Map<Timer, number>; routed: number | null };
const begin = (): World => ({ state: initial, sockets: new Set(), timers: new Map(), routed: null });

function perform(world: World, effect: Effect): void {
  if (effect.do === 'open') world.sockets.add(effect.socket);
  if (effect.do === 'close' || effect.do === 'drop') world.sockets.delete(effect.socket);
  if (effect.do === 'set') world.timers.set(effect.timer, effect.ms);
  if (effect.do === 'clear') world.timers.delete(effect.timer);
  if (effect.do === 'route') world.routed = effect.socket;
}

function happens(world: World, event: Event, chance: number): Effect[] {
  if (event.type === 'closed') world.sockets.delete(event.socket);
  if (event.type === 'timer') world.timers.delete(event.timer);
  const given: Given = { timing, chance };
  const { state, effects } = step(world.state, event, given);
  world.state = state;
  for (const effect of effects) perform(world, effect);
  return effects;
}

const endings: Ending[] = [
  { why: 'cut', pace: 'soon' },
  { why: 'restarting', pace: 'now' },
  { why: 'busy', pace: 'later' },
  { why: 'enrol-again', pace: 'slow' },
];
const aChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** Events, by index among those possible at that moment. */
const aPick = fc.record({ pick: fc.nat(), chance: aChance, ending: fc.constantFrom(...endings) });
type Pick = { pick: number; chance: number; ending: Ending };

/** Only what can happen: timers that run, sockets that exist. */
function possible(world: World, { ending }: Pick): Event[] {
  const timers = [...world.timers.keys()].map((timer): Event => ({ type: 'timer', timer }));
  const sockets = [...world.sockets].flatMap((socket): Event[] => [
    { type: 'opened', socket },
    { type: 'welcomed', socket },
    { type: 'foreign', socket },
    { type: 'heard', socket },
    { type: 'dismissed', socket, ending },
    { type: 'closed', socket, ending },
  ]);
  return [...timers, ...sockets, { type: 'drained' }];
}

function checkInvariants({ state, sockets, timers, routed }: World): void {
  const known = timersOf[state.name];
  expect([...timers.keys()].filter((timer) => !known.includes(timer))).toEqual([]);
  const mentioned = ['socket', 'next', 'old'].flatMap((field) =>
    Object.entries(state)
      .filter(([name]) => name === field)
      .map(([, id]) => id),
  );
  expect(new Set(mentioned)).toEqual(sockets);
  expect(sockets.size).toBeLessThanOrEqual(2);
  if (state.name !== 'idle' && state.name !== 'stopped') expect(timers.size).toBeGreaterThan(0);
  if (routed !== null) expect(sockets).toContain(routed);
  const connected = ['live', 'renewing', 'renewing-greeting', 'resting', 'draining'].includes(state.name);
  expect(routed !== null).toBe(connected);
  if (connected) for (const needed of ['beat', 'silence'] as const) expect([...timers.keys()]).toContain(needed);
}

/** The world after these events, with the invariants checked at each step. */
function worldAfter(picks: Pick[]): World {
  const world = begin();
  happens(world, { type: 'start' }, 0.5);
  for (const given of picks) {
    const events = possible(world, given);
    const event = events[given.pick % events.length];
    if (event) happens(world, event, given.chance);
    checkInvariants(world);
  }
  return world;
}

const histories = fc.array(aPick, { maxLength: 120 });

describe('over random histories', () => {
  test('no state gets stuck, no socket leaks, only connections get messages', () => {
    fc.assert(
      fc.property(histories, (picks) => void worldAfter(picks)),
      { numRuns: 500 },
    );
  });

  test('timers alone lead to another try within the longest wait', () => {
    fc.assert(
      fc.property(histories, (picks) => {
        const world = worldAfter(picks);
        // Nobody responds any more: only timers fire, the nearest first.
        let opened = false;
        for (let fired = 0; fired < 200 && !opened; fired++) {
          const [nearest] = [...world.timers].sort(([, a], [, b]) => a - b);
          if (!nearest) break;
          const [timer, ms] = nearest;
          expect(ms).toBeLessThanOrEqual(Math.max(...Object.values(paces).map(({ capMs }) => capMs)));
          for (const [each, left] of world.timers) world.timers.set(each, left - ms);
          opened = happens(world, { type: 'timer', timer }, 0.3).some((effect) => effect.do === 'open');
        }
        expect(opened).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('stop ends every history, with every socket closed', () => {
    fc.assert(
      fc.property(histories, (picks) => {
        const world = worldAfter(picks);
        happens(world, { type: 'stop' }, 0.5);
        if (world.state.name === 'leaving') happens(world, { type: 'timer', timer: 'leave' }, 0.5);
        expect(world.state.name).toBe('stopped');
        expect(world.timers.size).toBe(0);
        expect(world.sockets.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('each wait before a try is within the limits of its pace', () => {
    fc.assert(
      fc.property(histories, aChance, (picks, chance) => {
        const world = worldAfter(picks);
        for (const socket of world.sockets)
          for (const ending of endings)
            for (const effect of step(world.state, { type: 'closed', socket, ending }, { timing, chance }).effects)
              if (effect.do === 'set' && effect.timer === 'retry') {
                expect(effect.ms).toBeGreaterThanOrEqual(paces[ending.pace].leastMs);
                expect(effect.ms).toBeLessThanOrEqual(paces[ending.pace].capMs);
              }
      }),
      { numRuns: 300 },
    );
  });
});
