/** How long things take and how often they happen, ms. RELAY_TIMING (JSON, some of these) changes it for a trial or a test. */
import { z } from 'zod';
import { heartbeat, socketLimits } from '#domain/relay/relay-protocol';

const ms = z.number().int().positive();
export const timing = z.strictObject({
  /** Handshake; and from the open socket to the welcome. */
  openMs: ms.default(30_000),
  heartbeatMs: ms.default(heartbeat.everyMs),
  /** Without a pong for this long, the other end is gone though the socket looks open. */
  silenceMs: ms.default(heartbeat.everyMs * 2.5),
  /** After which the cloud’s side closes a connection; a new one is opened well before. */
  lifeMs: ms.default(socketLimits.lifeMs),
  /** A connection that lasted this long resets the backoff. */
  settledMs: ms.default(60_000),
  /** How long an old connection is kept for what is unacknowledged over it. */
  drainMs: ms.default(15_000),
  leaveMs: ms.default(1_500),
  /** How long an acknowledgement may wait, so that several go together. */
  ackMs: ms.default(50),
  /** Unacknowledged for this long: redelivered over the same connection. */
  resendMs: ms.default(10_000),
});
export type Timing = z.infer<typeof timing>;
