/** Timeouts and intervals, ms. RELAY_TIMING (JSON, some of these) overrides them for a trial or a test. */
import { z } from 'zod';
import { heartbeat, socketLimits } from '#domain/relay/relay-protocol';

const ms = z.number().int().positive();
export const timing = z.strictObject({
  /** For the handshake, and again from the open socket to the welcome. */
  openMs: ms.default(30_000),
  heartbeatMs: ms.default(heartbeat.everyMs),
  /** Without a pong for this long, the connection counts as dead though the socket looks open. */
  silenceMs: ms.default(heartbeat.everyMs * 2.5),
  /** The age at which the cloud closes a connection; a new one is opened well before. */
  lifeMs: ms.default(socketLimits.lifeMs),
  /** A connection that lasted this long resets the backoff. */
  settledMs: ms.default(60_000),
  /** How long an old connection is kept for its missing acknowledgements. */
  drainMs: ms.default(15_000),
  leaveMs: ms.default(1_500),
  /** How long an acknowledgement may wait, so that several are sent together. */
  ackMs: ms.default(50),
  /** Redelivered over the same connection after this long without an acknowledgement. */
  resendMs: ms.default(10_000),
});
export type Timing = z.infer<typeof timing>;
