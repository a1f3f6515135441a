/**
 * What is said over the connections: hello and the cloud's proof first, then heartbeats, and messages that are numbered, kept until
 * acknowledged, and taken once.
 *
 * Invariants: nothing but hello is sent over a connection, and nothing is taken from it, before the cloud has proven itself on it;
 * what is delivered is sent again until acknowledged, always under its first number; what the cloud wants acknowledged is
 * acknowledged only once it is safe here.
 */
import { randomBytes } from 'node:crypto';
import { checkProof } from '#adapters/relay-identity';
import type { EnrolmentAnswer } from '#domain/relay/relay-identity';
import {
  longestMessageBytes,
  protocol,
  type RelayFacts,
  readToRelay,
  type ToCloud,
  type ToRelay,
  toCloud,
} from '#domain/relay/relay-protocol';
import { closed } from '../connection/close-policy.ts';
import type { Connection, Speaker } from '../connection/connection.ts';
import type { SocketId } from '../connection/states.ts';
import type { Metrics } from '../health/metrics.ts';
import type { Log } from '../log/log.ts';
import type { Link, Told, Workers } from '../ports.ts';
import type { Timing } from '../timing.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { createCloudClock } from './cloud-clock.ts';
import { createCommands } from './commands.ts';
import { createLeaseKeeper, type Moment } from './lease.ts';
import { createOutbox } from './outbox.ts';
import type { SequenceNumbers } from './sequence-numbers.ts';

export type SessionOptions = {
  /** As it is now: it may be enrolled anew while it runs. */
  identity(): Pick<EnrolmentAnswer, 'relayId' | 'sourceId' | 'socketUrl' | 'cloudKey'>;
  /** All but the problems, which the workers tell. */
  facts: Omit<RelayFacts, 'problems'>;
  workers: Workers;
  numbers: SequenceNumbers;
  timing: Timing;
  log: Log;
  metrics: Metrics;
  /** Monotonic and wall clock. */
  now(): Moment;
};

export type SessionView = {
  holding: boolean;
  following: boolean;
  fence: number | null;
  unacknowledged: number;
  clockOffsetMs: number | null;
  lastPongAt: number | null;
  advice: string | null;
};

export type Session = {
  speaker: Speaker;
  link: Link;
  /** Before anything happens. */
  attach(connection: Pick<Connection, 'happened' | 'send'>): void;
  /** The cloud's clock by a handshake's answer. */
  clock(epochMs: number): void;
  view(): SessionView;
  /** Nothing is unacknowledged, or the time is over. */
  flushed(ms: number): Promise<void>;
  stop(): void;
};

/** Of a connection: what it was greeted with, and whether the cloud has proven itself on it. */
type Peer = { challenge: string; greetedAt: Moment; proven: boolean; pings: Map<number, Moment> };

export function createSession(options: SessionOptions): Session {
  const { identity, facts, workers, numbers, timing, log, metrics, now } = options;
  const peers = new Map<SocketId, Peer>();
  const lease = createLeaseKeeper(now);
  const clock = createCloudClock(now);
  let connection: Pick<Connection, 'happened' | 'send'> | null = null;
  let routed: SocketId | null = null;
  let draining: SocketId | null = null;
  /** The connection for which the workers were asked to tell again. */
  let resumed: SocketId | null = null;
  let lastPongAt: number | null = null;
  let advice: string | null = null;

  const transmit = (socket: SocketId, text: string) => connection?.send(socket, text);
  const outbox = createOutbox({
    send: transmit,
    resendMs: timing.resendMs,
    now: () => now().monotonic,
    resent: () => metrics.count('relay_messages_sent_again_total'),
  });
  const nudging = setInterval(() => outbox.nudge(), Math.max(10, timing.resendMs / 4));
  nudging.unref();

  /** Throws where the message is not one: it would be refused by the cloud for ever. */
  function written(message: { type: string; n: number }): string {
    const parsed = toCloud.safeParse(message);
    if (!parsed.success) {
      const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ');
      throw new TypeError(`${message.type} cannot be told: ${fields}`);
    }
    const text = JSON.stringify(parsed.data);
    const bytes = Buffer.byteLength(text);
    if (bytes > longestMessageBytes)
      throw new RangeError(`${message.type} is too long for one message: ${bytes} bytes, at most ${longestMessageBytes}`);
    metrics.count('relay_messages_sent_total', { type: message.type });
    return text;
  }

  const say = (socket: SocketId, message: ToCloud) => transmit(socket, written(message));
  const stamped = (told: Told) => ({ ...told, n: numbers.next(), fence: lease.view().fence ?? 0 });

  const acknowledgements = createAcknowledgements({
    ackMs: timing.ackMs,
    send(acks) {
      if (routed === null) return false;
      say(routed, { type: 'ack', n: numbers.next(), acks });
      return true;
    },
  });

  const link: Link = {
    async deliver(told, { signal } = {}) {
      const message = stamped(told);
      await outbox.add(message.n, written(message), signal);
    },
    mention(told) {
      if (routed !== null) transmit(routed, written(stamped(told)));
    },
    held: lease.held,
    cloudNow: clock.now,
  };

  const commands = createCommands({ workers, link, acknowledge: acknowledgements.add, log, metrics });

  const speaker: Speaker = {
    hello: (socket) => void greet(socket),
    ping(socket) {
      const peer = peers.get(socket);
      if (!peer) return;
      const n = numbers.next();
      peer.pings.set(n, now());
      say(socket, { type: 'ping', n, fence: link.held()?.fence ?? null, problems: problems() });
    },
    goodbye(socket, reason) {
      say(socket, { type: 'goodbye', n: numbers.next(), reason });
      giveUp(socket);
    },
    route(socket) {
      routed = socket;
      outbox.route(socket, draining);
      if (socket === null) return;
      acknowledgements.flush();
      resumeOnce();
      drainedIfSo();
    },
    drain(socket) {
      draining = socket;
    },
    message: (socket, data) => take(socket, data),
    forget(socket) {
      peers.delete(socket);
      giveUp(socket);
    },
  };

  const problems = () => workers.problems().slice(0, 20);

  async function greet(socket: SocketId): Promise<void> {
    const peer: Peer = { challenge: randomBytes(24).toString('base64url'), greetedAt: now(), proven: false, pings: new Map() };
    peers.set(socket, peer);
    const gatherDigest = await workers.digest().catch(() => null);
    if (peers.get(socket) !== peer) return;
    const { relayId, sourceId } = identity();
    const { challenge } = peer;
    peer.greetedAt = now();
    say(socket, {
      type: 'hello',
      n: numbers.next(),
      relayId,
      sourceId,
      protocol: protocol.current,
      challenge,
      gatherDigest,
      facts: { ...facts, problems: problems() },
    });
  }

  function take(socket: SocketId, data: unknown): void {
    const peer = peers.get(socket);
    if (!peer) return;
    const read = readToRelay(data);
    if (read.read === 'message') hear(read.message, { socket, peer });
    else overheard(read);
  }

  /** Counted, and otherwise without effect. */
  function overheard(read: Exclude<ReturnType<typeof readToRelay>, { read: 'message' }>): void {
    if (read.read === 'unknown') {
      metrics.count('relay_messages_unknown_total');
      log.warn('a message of an unknown type was ignored', { type: read.type });
    } else {
      metrics.count('relay_messages_malformed_total');
      log.warn('a message could not be read and was ignored', { why: read.why });
    }
  }

  function hear(message: ToRelay, from: From): void {
    metrics.count('relay_messages_received_total', { type: message.type });
    if (message.type === 'welcome') void welcomed(from.socket, from.peer, message);
    else if (message.type === 'goodbye') dismissed(from.socket, message);
    else if (from.peer.proven) takers[message.type](message as never, from);
    // From whom has not proven itself nothing is taken; what matters comes again.
    else log.debug('a message before the welcome was dropped', { type: message.type });
  }

  type From = { socket: SocketId; peer: Peer };
  type Handled = Exclude<ToRelay['type'], 'welcome' | 'goodbye'>;
  const takers: { [T in Handled]: (message: Extract<ToRelay, { type: T }>, from: From) => void } = {
    pong({ answers, lease: said }, { socket, peer }) {
      const asked = askedAt(peer, answers);
      lastPongAt = now().wall;
      connection?.happened({ type: 'heard', socket });
      if (!asked) return;
      lease.answered(said, asked);
      clock.answered(said.now, asked);
      commands.leaseIs(lease.view().fence);
      resumeOnce();
    },
    lease({ lease: said }) {
      lease.said(said);
      if (routed !== null) speaker.ping(routed);
    },
    ack({ acks }) {
      outbox.acknowledge(acks);
      drainedIfSo();
    },
    action: commands.action,
    gather: commands.gather,
    settings: commands.settings,
    resend: commands.resend,
  };

  async function welcomed(socket: SocketId, peer: Peer, message: Extract<ToRelay, { type: 'welcome' }>): Promise<void> {
    if (peer.proven) return;
    const { relayId, socketUrl, cloudKey } = identity();
    const right = await checkProof(message.proof, { relayId, socketUrl, cloudKey, challenge: peer.challenge });
    if (peers.get(socket) !== peer || peer.proven) return;
    if (!right) {
      log.error('what answered is not the cloud this relay was enrolled with');
      return connection?.happened({ type: 'foreign', socket });
    }
    peer.proven = true;
    lease.answered(message.lease, peer.greetedAt);
    clock.answered(message.lease.now, peer.greetedAt);
    lastPongAt = now().wall;
    ({ advice } = message);
    if (advice) log.warn('the cloud advises', { advice });
    connection?.happened({ type: 'welcomed', socket });
  }

  function dismissed(socket: SocketId, { reason, code }: Extract<ToRelay, { type: 'goodbye' }>): void {
    connection?.happened({ type: 'dismissed', socket, ending: { ...closed(code), detail: reason.slice(0, 200) } });
  }

  /** Once a connection, as soon as it holds the lease. */
  function resumeOnce(): void {
    if (routed === null || resumed === routed || !link.held()) return;
    resumed = routed;
    commands.resume();
  }

  function giveUp(socket: SocketId): void {
    if (draining === socket) draining = null;
    outbox.giveUp(socket);
  }

  function drainedIfSo(): void {
    if (draining === null || routed === null || outbox.owedOver(draining) > 0) return;
    draining = null;
    connection?.happened({ type: 'drained' });
  }

  return {
    speaker,
    link,
    attach(given) {
      connection = given;
    },
    clock: clock.seen,
    view: () => ({
      ...lease.view(),
      unacknowledged: outbox.size,
      clockOffsetMs: clock.offset(),
      lastPongAt,
      advice,
    }),
    async flushed(ms) {
      acknowledgements.flush();
      const until = now().monotonic + ms;
      while (outbox.size > 0 && now().monotonic < until) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    stop() {
      clearInterval(nudging);
      acknowledgements.stop();
      commands.stop();
    },
  };
}

/**
 * When the ping was sent that this answers. An older cloud does not say which: then the first that is unanswered, which can only
 * make the lease shorter.
 */
function askedAt({ pings }: Peer, answers: number | undefined): Moment | null {
  const n = answers ?? pings.keys().next().value;
  const asked = n === undefined ? undefined : pings.get(n);
  if (n !== undefined) for (const earlier of [...pings.keys()].filter((each) => each <= n)) pings.delete(earlier);
  return asked ?? null;
}
