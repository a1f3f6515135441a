/**
 * The connection between a relay and its cloud, as a tunnelling proxy (CONNECT) that can misbehave: connections cut, even in the
 * middle of a message; half open, with no data passing and neither end notified; slow. Like TCP, it neither loses nor repeats bytes.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Random } from '#test/histories/random';

/** Probabilities per chunk of bytes, in either direction. */
export type Badness = { cut: number; stall: number; delay: number; longestDelayMs: number };
export const calm: Badness = { cut: 0, stall: 0, delay: 0, longestDelayMs: 0 };

type Tunnel = { inner: Duplex; outer: Socket; stalled: boolean };
/** A half-open connection is eventually reset, as by a router that forgets it. */
const stalledForMs = 6_000;

export async function startBadLine(random: Random) {
  let badness = calm;
  const tunnels = new Set<Tunnel>();
  const counts = { cuts: 0, stalls: 0, tunnels: 0 };

  function cut(tunnel: Tunnel): void {
    if (!tunnels.delete(tunnel)) return;
    counts.cuts += 1;
    tunnel.inner.destroy();
    tunnel.outer.destroy();
  }

  function pass(tunnel: Tunnel, from: Duplex, to: Duplex): void {
    let before = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      before = before.then(() => onwards(tunnel, chunk, to));
    });
    from.on('error', () => undefined).on('close', () => void before.then(() => cut(tunnel)));
  }

  async function onwards(tunnel: Tunnel, chunk: Buffer, to: Duplex): Promise<void> {
    const { cut: cutting, stall, delay, longestDelayMs } = badness;
    if (random.chance(cutting)) {
      to.write(chunk.subarray(0, random.between(0, chunk.length)), () => cut(tunnel));
      return;
    }
    if (!tunnel.stalled && random.chance(stall)) {
      tunnel.stalled = true;
      counts.stalls += 1;
      setTimeout(() => cut(tunnel), stalledForMs).unref();
    }
    if (tunnel.stalled) return;
    if (random.chance(delay)) await new Promise((resolve) => setTimeout(resolve, random.between(0, longestDelayMs)));
    if (!to.destroyed) to.write(chunk);
  }

  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', ({ url = '' }: IncomingMessage, inner: Duplex, head: Buffer) => {
    const { hostname, port } = new URL(`http://${url}`);
    const outer = connect(Number(port), hostname);
    const tunnel = { inner, outer, stalled: false };
    tunnels.add(tunnel);
    counts.tunnels += 1;
    outer.once('connect', () => {
      inner.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) outer.write(head);
      pass(tunnel, inner, outer);
      pass(tunnel, outer, inner);
    });
    outer.on('error', () => cut(tunnel));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    become(next: Badness) {
      badness = next;
    },
    cutAll() {
      for (const tunnel of [...tunnels]) cut(tunnel);
    },
    async stop() {
      for (const tunnel of [...tunnels]) cut(tunnel);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type BadLine = Awaited<ReturnType<typeof startBadLine>>;
