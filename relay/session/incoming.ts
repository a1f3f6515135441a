/** Handles what the session receives: before the cloud has proven its identity on a connection, only the welcome counts. */
import { checkProof } from '#adapters/relay-identity';
import { readToRelay, type ToRelay } from '#domain/relay/relay-protocol';
import { closed } from '../connection/close-policy.ts';
import type { SocketId } from '../connection/states.ts';
import type { Moment } from './lease.ts';
import { ping } from './outgoing.ts';
import { applyRouting, type Peer, type SessionState } from './session-state.ts';

type Of<T extends ToRelay['type']> = Extract<ToRelay, { type: T }>;
type From = { socket: SocketId; peer: Peer };
type Handled = Exclude<ToRelay['type'], 'welcome' | 'goodbye'>;

/** Rejects only with unexpected errors. */
export function receive(state: SessionState, socket: SocketId, data: unknown): void | Promise<void> {
  const peer = state.peers.get(socket);
  if (!peer) return;
  const read = readToRelay(data);
  if (read.read === 'message') return handle(state, read.message, { socket, peer });
  ignore(state, read);
}

/** Counted, and otherwise ignored. */
function ignore({ metrics, log }: SessionState, read: Exclude<ReturnType<typeof readToRelay>, { read: 'message' }>): void {
  if (read.read === 'unknown') {
    metrics.count('relay_messages_unknown_total');
    log.warn('a message of an unknown type was ignored', { type: read.type });
  } else {
    metrics.count('relay_messages_malformed_total');
    log.warn('a message could not be read and was ignored', { why: read.why });
  }
}

function handle(state: SessionState, message: ToRelay, from: From): void | Promise<void> {
  state.metrics.count('relay_messages_received_total', { type: message.type });
  if (message.type === 'welcome') return welcome(state, message, from);
  if (message.type === 'goodbye') dismiss(state, message, from);
  else if (from.peer.proven) handlers[message.type](state, message as never, from);
  // Important messages are redelivered.
  else state.log.debug('a message before the welcome was dropped', { type: message.type });
}

const handlers: { [T in Handled]: (state: SessionState, message: Of<T>, from: From) => void } = {
  pong: (state, message, from) => pong(state, message, from),
  lease(state, { lease }) {
    const { routed } = state.current.routing;
    state.lease.notified(lease);
    if (routed !== null) ping(state, routed);
  },
  ack(state, { acks }) {
    state.outbox.acknowledge(acks);
    applyRouting(state, { type: 'acknowledged' });
  },
  action: ({ commands }, message) => commands.action(message),
  gather: ({ commands }, message) => commands.gather(message),
  settings: ({ commands }, message) => commands.settings(message),
  resend: ({ commands }, message) => commands.resend(message),
};

function pong(state: SessionState, { answers, lease: response }: Of<'pong'>, { socket, peer }: From): void {
  const { current, lease, clock, commands, now } = state;
  const sentAt = takeSentAt(peer, answers);
  current.lastPongAt = now().wall;
  current.connection?.happened({ type: 'heard', socket });
  if (!sentAt) return;
  lease.answered(response, sentAt);
  clock.answered(response.now, sentAt);
  commands.leaseIs(lease.view().fence);
  applyRouting(state, { type: 'lease' });
}

async function welcome(state: SessionState, message: Of<'welcome'>, { socket, peer }: From): Promise<void> {
  const { identity, peers, log, lease, clock, current, now } = state;
  if (peer.proven) return;
  const { relayId, socketUrl, cloudKey } = identity();
  const isOurs = await checkProof(message.proof, { relayId, socketUrl, cloudKey, challenge: peer.challenge });
  if (peers.get(socket) !== peer || peer.proven) return;
  if (!isOurs) {
    log.error('what answered is not the cloud this relay was enrolled with');
    return current.connection?.happened({ type: 'foreign', socket });
  }
  peer.proven = true;
  lease.answered(message.lease, peer.greetedAt);
  clock.answered(message.lease.now, peer.greetedAt);
  current.lastPongAt = now().wall;
  current.advice = message.advice;
  if (message.advice) log.warn('the cloud advises', { advice: message.advice });
  current.connection?.happened({ type: 'welcomed', socket });
}

function dismiss({ current }: SessionState, { reason, code }: Of<'goodbye'>, { socket }: From): void {
  current.connection?.happened({ type: 'dismissed', socket, ending: { ...closed(code), detail: reason.slice(0, 200) } });
}

/**
 * When the ping was sent that this pong responds to; it and all earlier ones are forgotten. An older cloud does not say which: then
 * the first unanswered one is assumed, which can only make the lease shorter.
 */
function takeSentAt({ pings }: Peer, answers: number | undefined): Moment | null {
  const n = answers ?? pings.keys().next().value;
  const sentAt = n === undefined ? undefined : pings.get(n);
  if (n !== undefined) for (const earlier of [...pings.keys()].filter((each) => each <= n)) pings.delete(earlier);
  return sentAt ?? null;
}
