/** A rejected handshake: API Gateway responds as to an ordinary request, and the connection ends. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export type Refused = { refused: number; message: string };

export function refuse(socket: Duplex, { refused, message }: Refused): void {
  const body = JSON.stringify({ message });
  const head = [
    `HTTP/1.1 ${refused} ${STATUS_CODES[refused] ?? 'Refused'}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
