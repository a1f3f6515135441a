/**
 * The relay's connection: (state, event) -> state and effects (reducer.ts). Nothing here has side effects; connection.ts has them.
 *
 * | state | entered when | while in it | left when |
 * |---|---|---|---|
 * | idle | created | nothing | start |
 * | waiting | a connection ended or a try failed | timer `retry`, with full jitter | retry: connecting |
 * | connecting | retry, start | the handshake; timer `open` | opened: greeting; closed or timed out: waiting |
 * | greeting | the socket is open | only hello is sent; timer `open` | welcomed: live; wrong cloud, closed, timed out: waiting |
 * | live | the cloud has proven its identity | pings; timers `beat`, `silence`, `life`; `settled` resets the failure count | life is due: renewing; closed, silent: waiting |
 * | renewing | life is due, or the cloud asks for a new connection | live on the old socket while a new one is opened; timer `open` | welcomed: draining; a failed try: resting |
 * | renewing-greeting | the new socket is open | as renewing; hello was sent on the new socket | welcomed: draining; a failed try: resting |
 * | resting | opening the new socket failed | live on the old one; timer `retry` | retry: renewing |
 * | draining | the new socket is live | new messages go there, acknowledgements on the old one are awaited; timer `drain` | drained or timed out: live |
 * | leaving | stop, with a live socket | goodbye was sent; timer `leave` | closed or timed out: stopped |
 * | stopped | stop | nothing | never |
 *
 * Invariants: at most two sockets, and two only from renewing to draining; every state except idle and stopped has a timer that moves
 * it on, so retries never stop; timers that a state does not use are cleared on entering it (`timersOf`).
 */
import type { Ending } from './close-policy.ts';

export type Timer = 'retry' | 'open' | 'beat' | 'silence' | 'life' | 'settled' | 'drain' | 'leave';
/** Sockets are numbered in the order in which they are opened. */
export type SocketId = number;

type Common = { opened: number; failures: number };
type OnSocket = Common & { socket: SocketId };
type Renewing = OnSocket & { next: SocketId };
export type States = {
  idle: Common;
  waiting: Common & { last: Ending };
  connecting: OnSocket;
  greeting: OnSocket;
  live: OnSocket;
  renewing: Renewing;
  'renewing-greeting': Renewing;
  resting: OnSocket;
  draining: OnSocket & { old: SocketId };
  leaving: OnSocket;
  stopped: Common;
};
export type StateName = keyof States;
export type State = { [N in StateName]: { name: N } & States[N] }[StateName];
export type In<N extends StateName> = Extract<State, { name: N }>;

export type Event =
  | { type: 'start' }
  | { type: 'stop' }
  | { type: 'timer'; timer: Timer }
  | { type: 'opened'; socket: SocketId }
  /** Its welcome arrived, with a valid proof. */
  | { type: 'welcomed'; socket: SocketId }
  /** Its welcome arrived, and its proof is not from our cloud. */
  | { type: 'foreign'; socket: SocketId }
  /** A pong arrived. */
  | { type: 'heard'; socket: SocketId }
  /** The cloud said goodbye; `ending` is what it asks for. */
  | { type: 'dismissed'; socket: SocketId; ending: Ending }
  | { type: 'closed'; socket: SocketId; ending: Ending }
  /** Everything sent over the old socket is acknowledged. */
  | { type: 'drained' };
export type EventType = Event['type'];

export type Effect =
  | { do: 'open'; socket: SocketId }
  | { do: 'hello'; socket: SocketId }
  | { do: 'ping'; socket: SocketId }
  | { do: 'goodbye'; socket: SocketId; reason: 'stop' | 'hand-over' | 'wrong-cloud' }
  /** Closes cleanly. */
  | { do: 'close'; socket: SocketId }
  /** Destroys the socket at once: nobody is there to answer a close. */
  | { do: 'drop'; socket: SocketId }
  /** Where messages go from now on; unacknowledged ones are sent there again. Null: messages wait. */
  | { do: 'route'; socket: SocketId | null }
  /** Acknowledgements on this socket are still awaited; raise `drained` once none is missing. */
  | { do: 'drain'; socket: SocketId }
  | { do: 'set'; timer: Timer; ms: number }
  | { do: 'clear'; timer: Timer };

export type Step = { state: State; effects: Effect[] };

type Of<T extends EventType> = Extract<Event, { type: T }>;
/** What each event does in a state; null, or no cell: the state is unchanged. */
export type Cells<N extends StateName> = { [T in EventType]?: (state: In<N>, event: Of<T>, given: Given) => Step | null };

/** All in ms. `lifeMs`: the age at which the cloud closes a connection. */
export type ConnectionTiming = {
  openMs: number;
  heartbeatMs: number;
  silenceMs: number;
  lifeMs: number;
  settledMs: number;
  drainMs: number;
  leaveMs: number;
};
/** `chance`: random in [0, 1), new for each step. */
export type Given = { timing: ConnectionTiming; chance: number };

export const initial: State = { name: 'idle', opened: 0, failures: 0 };

const whileLive = ['beat', 'silence', 'settled'] as const;
export const timersOf: Record<StateName, readonly Timer[]> = {
  idle: [],
  waiting: ['retry'],
  connecting: ['open'],
  greeting: ['open'],
  live: [...whileLive, 'life'],
  renewing: [...whileLive, 'open'],
  'renewing-greeting': [...whileLive, 'open'],
  resting: [...whileLive, 'retry'],
  draining: [...whileLive, 'life', 'drain'],
  leaving: ['leave'],
  stopped: [],
};
