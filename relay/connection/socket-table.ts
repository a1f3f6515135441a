/**
 * The sockets of a connection, by number.
 *
 * - opening: from `open` until the socket exists. One that is closed or dropped in between is dropped as soon as it exists.
 * - open: in the table; its events are passed on.
 * - gone: dropped, or ended by itself; nothing more is sent to it.
 */
import type { Ending } from './close-policy.ts';
import type { OpenConnection, Socket } from './socket.ts';
import type { SocketId } from './states.ts';

export type SocketTableOptions = {
  open: OpenConnection;
  opened(id: SocketId): void;
  message(id: SocketId, data: unknown): void;
  /** Called once for each socket that was not dropped. */
  closed(id: SocketId, ending: Ending): void;
  /** The socket could not be opened, because of an error on this machine. `closed` is not called for it. */
  failed(id: SocketId, error: unknown): void;
  /** The socket was dropped: `closed` may not be called for it. */
  dropped(id: SocketId): void;
  clock(epochMs: number): void;
  /** How long to wait for the response to a close, ms. */
  leaveMs: number;
};

export type SocketTable = {
  /** Never rejects. */
  open(id: SocketId): Promise<void>;
  send(id: SocketId, text: string): void;
  /** Closes cleanly; drops the socket if the close is not acknowledged in time. */
  close(id: SocketId): void;
  drop(id: SocketId): void;
};

export function createSocketTable(options: SocketTableOptions): SocketTable {
  const sockets = new Map<SocketId, Socket>();
  const opening = new Set<SocketId>();

  async function open(id: SocketId): Promise<void> {
    const { opened, message, closed, failed, clock } = options;
    opening.add(id);
    try {
      const socket = await options.open({
        opened: () => opened(id),
        message: (data) => message(id, data),
        ended(ending) {
          sockets.delete(id);
          closed(id, ending);
        },
        clock,
      });
      sockets.set(id, socket);
      if (!opening.delete(id)) drop(id);
    } catch (error) {
      opening.delete(id);
      failed(id, error);
    }
  }

  function close(id: SocketId): void {
    const socket = sockets.get(id);
    opening.delete(id);
    if (!socket) return;
    socket.close();
    setTimeout(() => sockets.has(id) && drop(id), options.leaveMs).unref();
  }

  function drop(id: SocketId): void {
    const socket = sockets.get(id);
    opening.delete(id);
    if (!socket) return;
    sockets.delete(id);
    options.dropped(id);
    socket.drop();
  }

  return { open, close, drop, send: (id, text) => sockets.get(id)?.send(text) };
}
