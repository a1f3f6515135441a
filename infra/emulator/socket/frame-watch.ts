/**
 * Watches the lengths of the frames that come in on a socket: API Gateway accepts 32 KB per frame, and the WebSocket library
 * limits whole messages only. It reads frame headers (RFC 6455, 5.2) and nothing else.
 */
import type { Duplex } from 'node:stream';

/** Calls `tooLong` once, before later listeners see the frame that is longer than `longest` bytes. */
export function watchFrames(socket: Duplex, longest: number, tooLong: () => void): void {
  let header: number[] = [];
  let payloadLeft = 0;

  function inspect(chunk: Buffer): void {
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
      socket.off('data', inspect);
      tooLong();
      return;
    }
  }
  socket.prependListener('data', inspect);
}

/** The length of a header that begins with these bytes: 2 bytes, an extended length if the short one indicates it, and the mask. */
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
