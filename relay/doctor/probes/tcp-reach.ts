/** Whether a TCP connection is accepted. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describeError } from '../../connection/describe-error.ts';
import type { Hop } from './egress-route.ts';

/** Null if it is accepted, else the reason in words. */
export async function reach({ host, port }: Hop, timeoutMs: number): Promise<{ reason: string } | null> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
    return null;
  } catch (error) {
    const late = error instanceof Error && error.name === 'AbortError';
    return { reason: late ? `no answer within ${Math.round(timeoutMs / 1_000)} s` : describeError(error) };
  } finally {
    socket.destroy();
  }
}
