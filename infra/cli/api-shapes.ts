/** The parts of the API's responses that the command line and the terminal of the local stack show; the rest is ignored. */
import { z } from 'zod';
import { sourceKind } from '#domain/devices/source-kinds';

export const run = z.object({
  runId: z.string(),
  state: z.enum(['queued', 'running', 'completed', 'failed']),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  counts: z.object({
    devices: z.number(),
    added: z.number().default(0),
    changed: z.number().default(0),
    missing: z.number().default(0),
    removed: z.number().default(0),
  }),
  requests: z.number(),
  problem: z.object({ what: z.string(), where: z.string(), remedy: z.string() }).nullish(),
});
export type Run = z.infer<typeof run>;

export const status = z.object({
  sources: z.array(
    z.object({
      sourceId: z.string(),
      kind: sourceKind,
      state: z.string(),
      problem: z.object({ what: z.string(), where: z.string(), remedy: z.string() }).nullable(),
      lastGather: run.nullable(),
      currentGather: run.nullable(),
      averageGather: z.object({ ms: z.number() }).nullable(),
      devices: z.number(),
      aq: z.object({ mode: z.string(), inForce: z.boolean(), note: z.string() }),
    }),
  ),
  services: z.array(
    z.object({
      service: z.string(),
      problem: z.object({ what: z.string(), where: z.string(), remedy: z.string() }).nullable(),
    }),
  ),
  queues: z.record(z.string(), z.object({ waiting: z.number(), inWork: z.number() })),
});
export type Status = z.infer<typeof status>;
export type SourceStatus = Status['sources'][number];

const device = z.object({
  sourceId: z.string(),
  user: z.string(),
  deviceId: z.string(),
  client: z.string(),
  approval: z.string(),
  access: z.string(),
  state: z.string(),
  verdict: z.string().nullable(),
  rule: z.string().nullable(),
  evidence: z.string().nullable(),
});
export type Device = z.infer<typeof device>;
export const devicePage = z.object({ devices: z.array(device), cursor: z.string().nullable() });
export const deviceWithTimeline = device.extend({
  timeline: z.array(z.object({ at: z.string(), kind: z.string(), says: z.string() })),
  cursor: z.string().nullable(),
});

export const acceptedGather = z.object({ runId: z.string() });
export const acceptedAction = z.object({ actionId: z.string(), state: z.string() });
