/** What the session does for a connection. What it throws or rejects with ends the socket that it concerns. */
import type { SocketId } from './states.ts';

export type Speaker = {
  hello(socket: SocketId): Promise<void>;
  ping(socket: SocketId): void;
  goodbye(socket: SocketId, reason: 'stop' | 'hand-over' | 'wrong-cloud'): void;
  /** Messages go there from now on, and what is unacknowledged again, unless it is awaited elsewhere; null: they wait. */
  route(socket: SocketId | null): void;
  /**
   * What went over this socket is awaited there until its goodbye or end. Once nothing of it is unacknowledged,
   * `happened({ type: 'drained' })` is due.
   */
  drain(socket: SocketId): void;
  message(socket: SocketId, data: unknown): void | Promise<void>;
  /** This socket is no more. */
  forget(socket: SocketId): void;
};
