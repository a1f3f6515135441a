/** State of a session while it runs. session.ts has its invariants. */
import type { EnrolmentAnswer } from '#domain/relay/relay-identity';
import type { RelayFacts } from '#domain/relay/relay-protocol';
import type { Connection } from '../connection/connection.ts';
import type { SocketId } from '../connection/states.ts';
import type { Metrics } from '../health/metrics.ts';
import type { Log } from '../log/log.ts';
import type { Link, Workers } from '../ports.ts';
import type { Timing } from '../timing.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { CloudClock } from './cloud-clock.ts';
import type { Commands } from './commands.ts';
import type { Failures } from './failures.ts';
import type { LeaseKeeper, Moment } from './lease.ts';
import type { Outbox } from './outbox.ts';
import { type RoutingEffect, type RoutingEvent, type RoutingState, stepRouting } from './routing.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';

export type SessionOptions = {
  /** The current one: the relay may be enrolled again while it runs. */
  identity(): Pick<EnrolmentAnswer, 'relayId' | 'sourceId' | 'socketUrl' | 'cloudKey'>;
  /** All except the problems, which change. */
  facts: Omit<RelayFacts, 'problems'>;
  workers: Workers;
  numbers: SequenceNumbers;
  timing: Timing;
  log: Log;
  metrics: Metrics;
  /** Monotonic and wall clock. */
  now(): Moment;
};

/** Of a connection: the challenge of its hello, and whether the cloud has proven its identity on it. */
export type Peer = { challenge: string; greetedAt: Moment; proven: boolean; pings: Map<number, Moment> };

export type SessionState = SessionOptions & {
  readonly peers: Map<SocketId, Peer>;
  readonly lease: LeaseKeeper;
  readonly clock: CloudClock;
  readonly failures: Failures;
  readonly outbox: Outbox;
  readonly acknowledgements: Acknowledgements;
  readonly link: Link;
  readonly commands: Commands;
  current: {
    connection: Pick<Connection, 'happened' | 'send'> | null;
    routing: RoutingState;
    /** Epoch ms of this machine's clock. */
    lastPongAt: number | null;
    advice: string | null;
  };
};

const mostProblems = 20;

/** As `hello` and `ping` carry them. */
export const problemsOf = ({ failures, workers }: SessionState): string[] =>
  [...failures.sentences(), ...workers.problems()].slice(0, mostProblems);

export function applyRouting(state: SessionState, event: RoutingEvent): void {
  const { current, outbox, link } = state;
  const { draining } = current.routing;
  const unacknowledged = draining === null ? 0 : outbox.unacknowledgedOver(draining);
  const next = stepRouting(current.routing, event, { holdsLease: link.held() !== null, unacknowledged });
  current.routing = next.state;
  for (const effect of next.effects) perform(state, effect);
}

function perform({ outbox, acknowledgements, commands, current }: SessionState, effect: RoutingEffect): void {
  if (effect.do === 'route') outbox.route(effect.socket, effect.awaited);
  else if (effect.do === 'redeliver') outbox.abandon(effect.lost);
  else if (effect.do === 'acknowledge') acknowledgements.flush();
  else if (effect.do === 'resume') commands.resume();
  else current.connection?.happened({ type: 'drained' });
}
