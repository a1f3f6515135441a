/** One open WebSocket with API Gateway's limits. */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Client } from './events.ts';
import { watchFrames } from './frame-watch.ts';
import type { SocketLimits } from './limits.ts';

export type Closing = { code: number; reason: string };
export type Connection = {
  client: Client;
  /** Epoch ms of the last message in either direction. */
  lastActiveAt(): number;
  open(): boolean;
  /** Sends a text, in frames no longer than the limit; rejects if the connection has broken. */
  send(text: Buffer): Promise<void>;
  close(closing: Closing): void;
};
export type Handlers = {
  message(text: string): void;
  /** Called once, with the code of the side that closed first: ours or the client's. */
  closed(closing: Closing): void;
};

const goingAway: Closing = { code: 1001, reason: 'Going away' };

export function openConnection(
  client: Client,
  { webSocket, socket, limits }: { webSocket: WebSocket; socket: Duplex; limits: SocketLimits },
  handlers: Handlers,
): Connection {
  let lastActiveAt = Date.now();
  let ours: Closing | null = null;

  function close(closing: Closing): void {
    ours ??= closing;
    webSocket.close(closing.code, closing.reason);
  }
  const idle = setTimeout(() => close(goingAway), limits.idleMs).unref();
  const life = setTimeout(() => close(goingAway), limits.lifeMs).unref();
  const isOpen = () => webSocket.readyState === webSocket.OPEN;

  function touch(): void {
    lastActiveAt = Date.now();
    idle.refresh();
  }
  function received(data: RawData, isBinary: boolean): void {
    // A message that arrives while the connection closes is ignored, as by API Gateway.
    if (!isOpen()) return;
    if (isBinary) {
      close({ code: 1003, reason: 'Binary frames are not supported' });
      return;
    }
    touch();
    handlers.message(data.toString());
  }

  watchFrames(socket, limits.frameBytes, () => close({ code: 1009, reason: 'Message too long' }));
  webSocket.on('message', received);
  webSocket.on('error', (error) => {
    // The library closes the connection itself; the error's code says why.
    if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
      ours ??= { code: 1009, reason: 'Message too long' };
  });
  webSocket.on('close', (code, reason) => {
    clearTimeout(idle);
    clearTimeout(life);
    handlers.closed(ours ?? { code, reason: reason.toString() || (reasons[code] ?? '') });
  });

  return {
    client,
    lastActiveAt: () => lastActiveAt,
    open: isOpen,
    close,
    async send(text) {
      touch();
      await sendFrames(webSocket, framesOf(text, limits.frameBytes));
    },
  };
}

/** Rejects if the connection breaks before all of them are sent. */
async function sendFrames(webSocket: WebSocket, frames: readonly Buffer[]): Promise<void> {
  const send = (frame: Buffer, fin: boolean) =>
    new Promise<void>((resolve, reject) => {
      webSocket.send(frame, { binary: false, fin }, (error) => (error ? reject(error) : resolve()));
    });
  await Promise.all(frames.map((frame, at) => send(frame, at === frames.length - 1)));
}

/** API Gateway's reasons if the client gave none. */
const reasons: Record<number, string> = {
  1000: 'Connection Closed Normally',
  1001: 'Going away',
  1005: 'Client-side close frame status not set',
  1006: 'Connection Closed Abnormally',
};

function framesOf(text: Buffer, longest: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < text.length; at += longest) frames.push(text.subarray(at, at + longest));
  return frames;
}
