/** The part of the API's answers that the console uses; anything else in them is ignored. */
import { z } from 'zod';

const run = z.object({
  runId: z.string(),
  state: z.enum(['queued', 'running', 'completed', 'failed']),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  counts: z
    .object({
      pages: z.number(),
      devices: z.number(),
      totalRecords: z.number().nullable(),
      details: z.number(),
      detailsWanted: z.number(),
    })
    .loose(),
  requests: z.number(),
  estimatedEnd: z.string().nullable(),
});
const problem = z.object({ what: z.string(), where: z.string(), remedy: z.string() });

export const sourceStatus = z.object({
  sourceId: z.string(),
  kind: z.string(),
  state: z.string(),
  problem: problem.nullable(),
  lastGather: run.nullable(),
  currentGather: run.nullable(),
  averageGather: z.object({ ms: z.number(), requests: z.number() }).loose().nullable(),
  devices: z.number(),
  aq: z.object({ mode: z.string(), inForce: z.boolean(), note: z.string() }).loose(),
});
export type SourceStatus = z.infer<typeof sourceStatus>;

export const status = z.object({ sources: z.array(sourceStatus) });

export const explainedDevice = z.object({
  sourceId: z.string(),
  user: z.string(),
  deviceId: z.string(),
  client: z.string(),
  provider: z.string().optional(),
  type: z.string().optional(),
  approval: z.string(),
  access: z.string(),
  wipe: z.string(),
  state: z.string(),
  verdict: z.enum(['approve', 'hold', 'block', 'leave', 'undetermined']).nullable(),
  rule: z.string().nullable(),
  evidence: z.string().nullable(),
  wouldChange: z.string().nullable().optional(),
  match: z.object({ kind: z.string(), evidence: z.string() }).loose().nullable(),
  firstSeen: z.string(),
  heldSince: z.string().nullable().optional(),
  existing: z.boolean(),
});
export type ExplainedDevice = z.infer<typeof explainedDevice>;

export const devicePage = z.object({ devices: z.array(explainedDevice), cursor: z.string().nullable() });
export type DevicePage = z.infer<typeof devicePage>;

export const deviceWithTimeline = explainedDevice.extend({
  timeline: z.array(z.object({ at: z.string(), kind: z.string(), says: z.string() }).loose()),
});
export type DeviceWithTimeline = z.infer<typeof deviceWithTimeline>;

export const refusal = z.object({ title: z.string(), detail: z.string().optional() }).loose();
