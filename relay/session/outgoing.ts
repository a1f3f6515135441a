/** What the session sends: every message is validated, numbered, and small enough for one message of the socket. */
import { randomBytes } from 'node:crypto';
import { longestMessageBytes, protocol, type ToCloud, toCloud } from '#domain/relay/relay-protocol';
import type { SocketId } from '../connection/states.ts';
import type { Metrics } from '../health/metrics.ts';
import type { Link, OutgoingMessage } from '../ports.ts';
import { type Peer, problemsOf, type SessionState } from './session-state.ts';

/** As JSON. Throws TypeError or RangeError if the cloud would reject it each time. */
export function encode(message: { type: string; n: number }, metrics: Metrics): string {
  const parsed = toCloud.safeParse(message);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ');
    throw new TypeError(`${message.type} cannot be sent: ${fields}`);
  }
  const text = JSON.stringify(parsed.data);
  const bytes = Buffer.byteLength(text);
  if (bytes > longestMessageBytes)
    throw new RangeError(`${message.type} is too long for one message: ${bytes} bytes, at most ${longestMessageBytes}`);
  metrics.count('relay_messages_sent_total', { type: message.type });
  return text;
}

/** Sends once. */
export function send({ current, metrics }: SessionState, socket: SocketId, message: ToCloud): void {
  current.connection?.send(socket, encode(message, metrics));
}

/** For the workers: delivery until acknowledged, and sending once. `state` is complete by the time it is used. */
export function linkOf(state: () => SessionState): Link {
  const stamped = (message: OutgoingMessage) => ({
    ...message,
    n: state().numbers.next(),
    fence: state().lease.view().fence ?? 0,
  });
  return {
    async deliver(given, { signal } = {}) {
      const message = stamped(given);
      await state().outbox.add(message.n, encode(message, state().metrics), signal);
    },
    mention(message) {
      const { current, metrics, failures } = state();
      const { routed } = current.routing;
      if (routed === null) return;
      try {
        current.connection?.send(routed, encode(stamped(message), metrics));
        failures.succeeded('progress');
      } catch (error) {
        // The work that it reports on continues all the same.
        failures.failed('progress', error);
      }
    },
    held: () => state().lease.held(),
    cloudNow: () => state().clock.now(),
  };
}

/** False if they have to wait. */
export function sendAcknowledgements(state: SessionState, acks: number[]): boolean {
  const { numbers, failures, current } = state;
  if (current.routing.routed === null) return false;
  try {
    send(state, current.routing.routed, { type: 'ack', n: numbers.next(), acks });
    failures.succeeded('acknowledging');
    return true;
  } catch (error) {
    failures.failed('acknowledging', error);
    return false;
  }
}

/** hello, with the challenge by which the cloud has to prove its identity. */
export async function greet(state: SessionState, socket: SocketId): Promise<void> {
  const { peers, now, identity, numbers, facts } = state;
  const peer: Peer = { challenge: randomBytes(24).toString('base64url'), greetedAt: now(), proven: false, pings: new Map() };
  peers.set(socket, peer);
  const gatherDigest = await digestOf(state);
  if (peers.get(socket) !== peer) return;
  const { relayId, sourceId } = identity();
  const { challenge } = peer;
  peer.greetedAt = now();
  const hello = { relayId, sourceId, protocol: protocol.current, challenge, gatherDigest };
  send(state, socket, { type: 'hello', n: numbers.next(), ...hello, facts: { ...facts, problems: problemsOf(state) } });
}

/** Also null if it cannot be read: then the cloud requests everything. */
async function digestOf({ workers, failures }: SessionState): Promise<string | null> {
  try {
    const digest = await workers.digest();
    failures.succeeded('reading the snapshot’s digest');
    return digest;
  } catch (error) {
    failures.failed('reading the snapshot’s digest', error);
    return null;
  }
}

export function ping(state: SessionState, socket: SocketId): void {
  const { peers, numbers, now, link } = state;
  const peer = peers.get(socket);
  if (!peer) return;
  const n = numbers.next();
  peer.pings.set(n, now());
  send(state, socket, { type: 'ping', n, fence: link.held()?.fence ?? null, problems: problemsOf(state) });
}
