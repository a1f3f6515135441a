/**
 * The relay's connection: (state, event) -> state and effects (reducer.ts). Nothing here does anything; connection.ts does.
 *
 * | state | entered when | while in it | left when |
 * |---|---|---|---|
 * | idle | made | nothing | start |
 * | waiting | a connection ended or a try failed | timer `retry`, with full jitter | retry: connecting |
 * | connecting | retry, start | the handshake; timer `open` | opened: greeting; closed or too long: waiting |
 * | greeting | the socket is open | hello is sent, nothing else; timer `open` | welcomed: live; wrong cloud, closed, too long: waiting |
 * | live | the cloud has proven itself | pings; timers `beat`, `silence`, `life`; `settled` forgets earlier failures | life is due: renewing; closed, silent: waiting |
 * | renewing | life is due, or the cloud asks for a new connection | live on the old socket, a new one is opened; timer `open` | welcomed: draining; a failed try: resting |
 * | renewing-greeting | the new socket is open | as renewing; hello was sent on it | welcomed: draining; a failed try: resting |
 * | resting | opening the new socket failed | live on the old one; timer `retry` | retry: renewing |
 * | draining | the new socket is live | new messages go there, the old one's are awaited; timer `drain` | drained or too long: live |
 * | leaving | stop, with a live socket | goodbye was said; timer `leave` | closed or too long: stopped |
 * | stopped | stop | nothing | never |
 *
 * Invariants: at most two sockets, two only from renewing to draining; every state but idle and stopped has a timer that moves it
 * on, so it never stops trying; timers that a state does not know are cleared on entering it (`timersOf`).
 */
import type { Ending } from './close-policy.ts';

export type Timer = 'retry' | 'open' | 'beat' | 'silence' | 'life' | 'settled' | 'drain' | 'leave';
/** Sockets are named by number, counted up. */
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
  /** Its welcome came, and its proof is right. */
  | { type: 'welcomed'; socket: SocketId }
  /** Its welcome came, and its proof is not our cloud's. */
  | { type: 'foreign'; socket: SocketId }
  /** A pong. */
  | { type: 'heard'; socket: SocketId }
  /** The cloud said goodbye; `ending` is what it asks for. */
  | { type: 'dismissed'; socket: SocketId; ending: Ending }
  | { type: 'closed'; socket: SocketId; ending: Ending }
  /** Nothing that went over the old socket is unacknowledged. */
  | { type: 'drained' };
export type EventType = Event['type'];

export type Effect =
  | { do: 'open'; socket: SocketId }
  | { do: 'hello'; socket: SocketId }
  | { do: 'ping'; socket: SocketId }
  | { do: 'goodbye'; socket: SocketId; reason: 'stop' | 'hand-over' | 'wrong-cloud' }
  /** Closes in good order. */
  | { do: 'close'; socket: SocketId }
  /** Destroys at once: nobody is there to answer a close. */
  | { do: 'drop'; socket: SocketId }
  /** Where messages go from now on; what is unacknowledged goes there again. Null: they wait. */
  | { do: 'route'; socket: SocketId | null }
  /** What went over this socket is awaited there; say `drained` once nothing of it is unacknowledged. */
  | { do: 'drain'; socket: SocketId }
  | { do: 'set'; timer: Timer; ms: number }
  | { do: 'clear'; timer: Timer };

export type Step = { state: State; effects: Effect[] };

type Of<T extends EventType> = Extract<Event, { type: T }>;
/** What each event does in a state; null, or no cell: it stays as it is. */
export type Cells<N extends StateName> = { [T in EventType]?: (state: In<N>, event: Of<T>, given: Given) => Step | null };

/** ms. `lifeMs`: after which the cloud's side closes a connection. */
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
