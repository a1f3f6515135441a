/** The status of the relay, as `relay status` and /status show it. Times are epoch ms. */
import { z } from 'zod';

export const relayStatus = z.object({
  relayId: z.string(),
  sourceId: z.string(),
  version: z.string(),
  cloud: z.string(),
  startedAt: z.number(),
  now: z.number(),
  ready: z.boolean(),
  /** Why it is not ready, with what to do. */
  reason: z.string().nullable(),
  connection: z.object({
    state: z.string(),
    since: z.number(),
    /** Why the last connection or try ended; null while connected. */
    lastEnding: z.string().nullable(),
    tries: z.number(),
  }),
  lease: z.enum(['holding', 'following', 'none']),
  fence: z.number().nullable(),
  lastPongAt: z.number().nullable(),
  unacknowledged: z.number(),
  clockOffsetMs: z.number().nullable(),
  advice: z.string().nullable(),
  problems: z.array(z.string()),
  logLevel: z.string(),
  memoryBytes: z.number(),
});
export type RelayStatus = z.infer<typeof relayStatus>;

const connected = ['live', 'renewing', 'renewing-greeting', 'resting', 'draining'];
export const isConnected = (state: string): boolean => connected.includes(state);

/** Null when ready. */
export function whyNotReady({ state, cure }: { state: string; cure: string | null }, lease: RelayStatus['lease']): string | null {
  if (!isConnected(state)) return cure ?? `not connected to the cloud (${state})`;
  return lease === 'none' ? 'connected, but the cloud has said nothing of the lease lately' : null;
}
