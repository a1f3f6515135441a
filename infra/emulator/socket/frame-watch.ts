/**
 * Watches the lengths of the frames that come in on a socket: API Gateway takes 32 KB a frame, and the WebSocket library limits
 * whole messages only. It reads frame headers (RFC 6455, 5.2) and nothing else.
 */
import type { Duplex } from 'node:stream';

/** Calls `tooLong` once, before anyone who listens later sees the frame that is longer than `longest` bytes. */
export function watchFrames(socket: Duplex, longest: number, tooLong: () => void): void {
  let header: number[] = [];
  let payloadLeft = 0;

  function look(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft > 0) {
        const passed = Math.min(payloadLeft, chunk.length - at);
        payloadLeft -= passed;
        at += passed;
        continue;
      }
      header.push(chunk[at++] ?? 0);
      if (header.length < headerLength(header)) continue;
      payloadLeft = payloadLength(header);
      header = [];
      if (payloadLeft <= longest) continue;
      socket.off('data', look);
      tooLong();
      return;
    }
  }
  socket.prependListener('data', look);
}

/** Of the header that begins so: 2 bytes, a longer length where the short one says so, and the mask. */
function headerLength([, second]: readonly number[]): number {
  if (second === undefined) return 2;
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
}

function payloadLength(header: readonly number[]): number {
  const short = (header[1] ?? 0) & 0x7f;
  if (short < 126) return short;
  return header.slice(2, short === 126 ? 4 : 10).reduce((sum, byte) => sum * 256 + byte, 0);
}
