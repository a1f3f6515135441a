/** Which connection messages go over: every event in every mode, and what holds over all histories. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type RoutingEffect,
  type RoutingEvent,
  type RoutingFacts,
  type RoutingState,
  stepRouting,
  unrouted,
} from '../../../relay/session/routing.ts';

const standby = { holdsLease: false, unacknowledged: 0 };
const active = { holdsLease: true, unacknowledged: 0 };
const unacknowledged = { holdsLease: false, unacknowledged: 3 };

const modes = {
  unrouted,
  routed: { routed: 1, draining: null, resumed: null },
  resumed: { routed: 1, draining: null, resumed: 1 },
  'about to hand over': { routed: 1, draining: 1, resumed: 1 },
  draining: { routed: 2, draining: 1, resumed: 1 },
} satisfies Record<string, RoutingState>;
type Mode = keyof typeof modes;
type Row = [Mode, RoutingEvent, RoutingFacts, Partial<RoutingState>, RoutingEffect['do'][]];

describe('each event in each mode', () => {
  test.each<Row>([
    ['unrouted', { type: 'route', socket: 1 }, standby, { routed: 1 }, ['route', 'acknowledge']],
    ['unrouted', { type: 'route', socket: 1 }, active, { routed: 1, resumed: 1 }, ['route', 'acknowledge', 'resume']],
    ['unrouted', { type: 'route', socket: null }, active, {}, ['route']],
    ['unrouted', { type: 'drain', socket: 1 }, standby, { draining: 1 }, []],
    ['unrouted', { type: 'gone', socket: 1 }, standby, {}, ['redeliver']],
    ['unrouted', { type: 'acknowledged' }, active, {}, []],
    ['unrouted', { type: 'lease' }, active, {}, []],
    ['routed', { type: 'route', socket: null }, active, { routed: null }, ['route']],
    ['routed', { type: 'drain', socket: 1 }, active, { draining: 1 }, []],
    ['routed', { type: 'gone', socket: 1 }, active, {}, ['redeliver']],
    ['routed', { type: 'acknowledged' }, active, {}, []],
    ['routed', { type: 'lease' }, standby, {}, []],
    ['routed', { type: 'lease' }, active, { resumed: 1 }, ['resume']],
    ['resumed', { type: 'lease' }, active, {}, []],
    ['resumed', { type: 'route', socket: 2 }, active, { routed: 2, resumed: 2 }, ['route', 'acknowledge', 'resume']],
    ['about to hand over', { type: 'route', socket: 2 }, unacknowledged, { routed: 2 }, ['route', 'acknowledge']],
    [
      'about to hand over',
      { type: 'route', socket: 2 },
      standby,
      { routed: 2, draining: null },
      ['route', 'acknowledge', 'drained'],
    ],
    ['about to hand over', { type: 'route', socket: null }, standby, { routed: null }, ['route']],
    ['draining', { type: 'acknowledged' }, unacknowledged, {}, []],
    ['draining', { type: 'acknowledged' }, standby, { draining: null }, ['drained']],
    ['draining', { type: 'lease' }, active, { resumed: 2 }, ['resume']],
    ['draining', { type: 'gone', socket: 1 }, unacknowledged, { draining: null }, ['redeliver']],
    ['draining', { type: 'gone', socket: 2 }, unacknowledged, {}, ['redeliver']],
    ['draining', { type: 'route', socket: null }, unacknowledged, { routed: null }, ['route']],
    ['draining', { type: 'drain', socket: 2 }, unacknowledged, { draining: 2 }, []],
  ])('%s: %o', (mode, event, facts, changes, effects) => {
    const step = stepRouting(modes[mode], event, facts);
    expect(step.state).toEqual({ ...modes[mode], ...changes });
    expect(step.effects.map((effect) => effect.do)).toEqual(effects);
  });

  test('messages still awaited on a draining connection are not redelivered', () => {
    const { effects } = stepRouting(modes['about to hand over'], { type: 'route', socket: 2 }, unacknowledged);
    expect(effects[0]).toEqual({ do: 'route', socket: 2, awaited: 1 });
  });
});

const aSocket = fc.integer({ min: 1, max: 4 });
const anEvent: fc.Arbitrary<RoutingEvent> = fc.oneof(
  fc.record({ type: fc.constant('route' as const), socket: fc.option(aSocket) }),
  fc.record({ type: fc.constantFrom('drain' as const, 'gone' as const), socket: aSocket }),
  fc.record({ type: fc.constantFrom('acknowledged' as const, 'lease' as const) }),
);
const someFacts = fc.record({ holdsLease: fc.boolean(), unacknowledged: fc.nat(2) });

test('resumes and drains at most once each, and only while connected', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anEvent, someFacts), { maxLength: 60 }), (history) => {
      let state = unrouted;
      let [routes, resumes, drains, drained] = [0, 0, 0, 0];
      for (const [event, facts] of history) {
        const before = state;
        const step = stepRouting(state, event, facts);
        state = step.state;
        const done = step.effects.map((effect) => effect.do);
        if (event.type === 'route' && event.socket !== null) routes++;
        if (event.type === 'drain') drains++;
        if (done.includes('resume')) {
          resumes++;
          expect(facts.holdsLease).toBe(true);
          expect(state.resumed).toBe(state.routed);
          expect(before.resumed).not.toBe(state.resumed);
        }
        if (done.includes('drained')) {
          drained++;
          expect(facts.unacknowledged).toBe(0);
          expect(state.draining).toBeNull();
        }
        if (state.routed === null) expect(done).not.toContain('resume');
        if (state.routed === null) expect(done).not.toContain('drained');
        if (event.type === 'gone') expect(state.draining).not.toBe(event.socket);
      }
      expect(resumes).toBeLessThanOrEqual(routes);
      expect(drained).toBeLessThanOrEqual(drains);
    }),
    { numRuns: 500 },
  );
});
