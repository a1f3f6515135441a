/** One WebSocket to the cloud: undici's, plus what a relay needs: the response to its handshake, and a way to destroy it. */
import type { Duplex } from 'node:stream';
import { type Dispatcher, WebSocket } from 'undici';
import { closed, type Ending, refusal } from './close-policy.ts';
import { observed } from './observed-handshake.ts';

export type Socket = {
  send(text: string): void;
  /** Closes cleanly; `ended` follows, or has to be forced with `drop`. */
  close(): void;
  /** Closes at once, without asking the other end. */
  drop(): void;
};

export type SocketEvents = {
  opened(): void;
  message(data: unknown): void;
  /** Called once, however the connection ended. */
  ended(ending: Ending): void;
  /** The other end's clock from its response to the handshake, epoch ms; whole seconds. */
  clock(epochMs: number): void;
};

/** Rejects if this machine cannot even try; every other failure is reported through `ended`. */
export type OpenConnection = (events: SocketEvents) => Promise<Socket>;
export type OpenSocket = { url: string; authorization: string; dispatcher: Dispatcher };

export function openSocket({ url, authorization, dispatcher }: OpenSocket, events: SocketEvents): Socket {
  let opened = false;
  let over = false;
  let stream: Duplex | null = null;
  const handshake = observed(dispatcher, {
    answered: (date) => events.clock(date),
    upgraded: (socket) => {
      stream = socket;
    },
  });
  const socket = new WebSocket(url, { headers: { authorization }, dispatcher: handshake.dispatcher });
  const end = (ending: Ending) => {
    if (over) return;
    over = true;
    events.ended(ending);
  };
  socket.addEventListener('open', () => {
    opened = true;
    events.opened();
  });
  socket.addEventListener('message', ({ data }) => {
    if (!over) events.message(data);
  });
  // An error is always followed by a close; without a listener it would crash the process.
  socket.addEventListener('error', () => {});
  socket.addEventListener('close', ({ code }) => end(opened ? closed(code) : refusal(handshake.outcome())));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(1000),
    drop: () => {
      if (stream) stream.destroy();
      else socket.close();
    },
  };
}
