/** What the session does for a connection. If a call throws or rejects, its socket is closed. */
import type { SocketId } from './states.ts';

export type Speaker = {
  hello(socket: SocketId): Promise<void>;
  ping(socket: SocketId): void;
  goodbye(socket: SocketId, reason: 'stop' | 'hand-over' | 'wrong-cloud'): void;
  /** Sends messages there from now on, including unacknowledged ones that are not awaited elsewhere; null: messages wait. */
  route(socket: SocketId | null): void;
  /**
   * Waits for acknowledgements of what was sent over this socket, until its goodbye or end. Once none is missing, the session
   * calls `happened({ type: 'drained' })`.
   */
  drain(socket: SocketId): void;
  message(socket: SocketId, data: unknown): void | Promise<void>;
  /** This socket no longer exists. */
  forget(socket: SocketId): void;
};
