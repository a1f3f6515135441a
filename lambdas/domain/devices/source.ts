/** The state of a source between gathers: one item of the Control table per source. */
import { z } from 'zod';

export const failureKind = z.enum(['invalid', 'refused', 'denied', 'busy', 'transient', 'permanent', 'unknown']);
export type FailureKind = z.infer<typeof failureKind>;

/** What happened, where, what to do: the three parts of every message a person reads. */
export const problem = z.object({ kind: failureKind, what: z.string(), where: z.string(), remedy: z.string(), at: z.number() });
export type Problem = z.infer<typeof problem>;

export const requiresApproval = z.union([z.boolean(), z.literal('unknown')]);
export type RequiresApproval = z.infer<typeof requiresApproval>;
export const aqSupport = z.enum(['supported', 'unsupported', 'unknown']);
export type AqSupport = z.infer<typeof aqSupport>;

export const serverFacts = z.object({
  requiresApproval,
  devicesBeforeApproval: z.number().int().nullable(),
  /** `unavailable`: the server reports that it has no approval settings to read or write. */
  settingsAccess: z.enum(['writable', 'unavailable', 'unknown']),
  build: z.string(),
  /** AQ needs Traveler 9.0 or later. */
  aqSupport,
});
export type ServerFacts = z.infer<typeof serverFacts>;

export const unknownServer: ServerFacts = {
  requiresApproval: 'unknown',
  devicesBeforeApproval: null,
  settingsAccess: 'unknown',
  build: '',
  aqSupport: 'unknown',
};

/** The source's actions wait, because one of them found it failing. `failures`: in a row; each makes the pause longer. */
export const sourcePause = z.object({ until: z.number(), since: z.number(), failures: z.number().int(), what: z.string() });
export type SourcePause = z.infer<typeof sourcePause>;

/**
 * The state of the two-phase switch-on. `baselineRuns` holds the complete gathers that recorded existing devices: a device whose
 * `baselineRun` is listed is `existing`. While a baseline is owed (`baselineRuns` empty, or AQ set `on` and not `aqInForce`), AQ
 * is not in force regardless of the settings. `aqInForce` becomes true only after such a run was committed.
 */
export const sourceState = z.object({
  sourceId: z.string().min(1),
  server: serverFacts,
  baselineRuns: z.array(z.string()),
  aqInForce: z.boolean(),
  /** A baseline or settings change was committed, and not every user was sent to evaluation yet. */
  evaluateEveryone: z.boolean(),
  /** The last gather after which every present device was checked for the baseline: a repeated one need not read them all. */
  baselineUpTo: z.string().nullable().optional(),
  /** Scope and version of the settings of the last complete gather. */
  settingsSeen: z.string().nullable().optional(),
  /** Start of the last complete gather: later changes are found by the next one. */
  lastCompleteGatherAt: z.number().nullable(),
  lastRunId: z.string().nullable(),
  /** Present problem of the whole source (wrong credentials, unreachable, …); null when its last contact succeeded. */
  problem: problem.nullable(),
  /** After wrong credentials: no scheduled attempt before this time, so that retries do not lock the account. */
  retryAt: z.number().nullable(),
  /** The version of the secret that was rejected: a newer one is tried at once. */
  refusedSecret: z.string().nullable().optional(),
  /** Set and ended by action workers; also ended by a successful gather. */
  pause: sourcePause.nullable().optional(),
  devices: z.number().int(),
  /** Digest of the snapshot that its relay last sent and we committed; null: the next one is sent in full. */
  relayDigest: z.string().nullable().optional(),
  /** When its relay was asked for the last committed snapshot: readings requested earlier are older than what is stored. */
  relayAskedAt: z.number().nullable().optional(),
  /** The first guard that holds the source (guard-holds.ts): until a person decides, no automatic action takes access away. */
  guard: z.string().nullable().optional(),
  /** Further guards that hold it, in the order in which they tripped. */
  guardsBehind: z.array(z.string()).optional(),
  /** Guards that were confirmed while another one still held the source. */
  guardsConfirmed: z.array(z.string()).optional(),
});
export type SourceState = z.infer<typeof sourceState>;

export const newSource = (sourceId: string): SourceState => ({
  sourceId,
  server: unknownServer,
  baselineRuns: [],
  aqInForce: false,
  evaluateEveryone: false,
  lastCompleteGatherAt: null,
  lastRunId: null,
  problem: null,
  retryAt: null,
  devices: 0,
});

/** One gather of a source. Times epoch ms; `units` are capacity units as DynamoDB counted them. */
export const gatherRun = z.object({
  runId: z.string().min(1),
  sourceId: z.string().min(1),
  reason: z.enum(['schedule', 'request', 'settings']),
  state: z.enum(['queued', 'running', 'completed', 'failed']),
  baseline: z.boolean(),
  requestedAt: z.number(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  invocations: z.number().int(),
  /** Invocations begun since the last one that ended properly (complete, failed or to be continued). */
  attempts: z.number().int().optional(),
  /** On premises: how often its relay was asked to send missing parts again. */
  partsRequests: z.number().int().optional(),
  /** On premises: how often a relay was asked for it, under which lease, and when last. */
  asked: z
    .object({ times: z.number().int(), fence: z.number().int(), at: z.number(), everyDetail: z.boolean().default(false) })
    .optional(),
  /** When the relay last reported progress. */
  heardAt: z.number().optional(),
  counts: z.object({
    pages: z.number().int(),
    devices: z.number().int(),
    totalRecords: z.number().int().nullable(),
    details: z.number().int(),
    detailsWanted: z.number().int(),
    added: z.number().int(),
    changed: z.number().int(),
    missing: z.number().int(),
    removed: z.number().int(),
    users: z.number().int(),
  }),
  requests: z.number().int(),
  units: z.object({ read: z.number(), write: z.number() }),
  /** Estimated end, while running. */
  estimatedEnd: z.number().nullable(),
  problem: problem.nullable(),
});
export type GatherRun = z.infer<typeof gatherRun>;
