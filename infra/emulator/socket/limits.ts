/** API Gateway's hard limits of a WebSocket, and variables with which a test can shorten the long ones. */
import { z } from 'zod';
import { socketLimits } from '#domain/relay/relay-protocol';
import { StartError } from '#infra/emulator/start-error';

export type SocketLimits = {
  frameBytes: number;
  messageBytes: number;
  /** ms without a message in either direction; a ping does not count. */
  idleMs: number;
  /** ms from the handshake to the end, regardless of activity. */
  lifeMs: number;
};

const ms = (longest: number) =>
  z.coerce
    .number(`expected whole milliseconds from 1 to ${longest}`)
    .int()
    .min(1)
    .max(longest, `API Gateway allows ${longest} ms at most`)
    .default(longest);
const variables = z.object({ SOCKET_IDLE_MS: ms(socketLimits.idleMs), SOCKET_LIFE_MS: ms(socketLimits.lifeMs) });

/**
 * From the environment of the local stack: `SOCKET_IDLE_MS` and `SOCKET_LIFE_MS`, whole milliseconds, never longer than in
 * the cloud. Throws StartError that names the variable.
 */
export function socketLimitsFrom(environment: Readonly<Record<string, string | undefined>>): SocketLimits {
  const parsed = variables.safeParse(environment);
  if (!parsed.success)
    throw new StartError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  const { SOCKET_IDLE_MS: idleMs, SOCKET_LIFE_MS: lifeMs } = parsed.data;
  return { ...socketLimits, idleMs, lifeMs };
}
