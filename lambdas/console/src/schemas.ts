/** The parts of the API's responses that the console uses; anything else in them is ignored. */
import { z } from 'zod';
import { sourceKind } from '#domain/devices/source-kinds';

const problem = z.object({ what: z.string(), where: z.string(), remedy: z.string() });
export const run = z.object({
  runId: z.string(),
  state: z.enum(['queued', 'running', 'completed', 'failed']),
  requestedAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  ms: z.number().nullable(),
  counts: z
    .object({
      pages: z.number(),
      devices: z.number(),
      totalRecords: z.number().nullable(),
      details: z.number(),
      detailsWanted: z.number(),
      added: z.number(),
      changed: z.number(),
    })
    .loose(),
  requests: z.number(),
  units: z.object({ read: z.number(), write: z.number() }),
  estimatedEnd: z.string().nullable(),
  problem: problem.nullable(),
});
export type Run = z.infer<typeof run>;
export const runs = z.object({ runs: z.array(run) });

/** The state of an on-premises source's relays; null for a source that needs none. */
export const relayStanding = z.object({
  state: z.enum(['none', 'connected', 'away']),
  holder: z.string().nullable(),
  holderName: z.string().nullable(),
  relays: z.number(),
  lagSeconds: z.number().nullable(),
  since: z.string().nullable(),
});
export type RelayStanding = z.infer<typeof relayStanding>;

export const sourceStatus = z.object({
  sourceId: z.string(),
  kind: sourceKind,
  state: z.string(),
  problem: problem.nullable(),
  lastGather: run.nullable(),
  currentGather: run.nullable(),
  averageGather: z.object({ runs: z.number(), ms: z.number(), requests: z.number() }).loose().nullable(),
  devices: z.number(),
  aq: z.object({ mode: z.string(), inForce: z.boolean(), note: z.string() }).loose(),
  relay: relayStanding.nullish(),
});
export type SourceStatus = z.infer<typeof sourceStatus>;
const depth = z.object({ waiting: z.number(), inWork: z.number(), delayed: z.number() });
export const status = z.object({
  sources: z.array(sourceStatus),
  enrolments: z.object({ feed: z.string(), lastHeardAt: z.string().nullable() }),
  queues: z.record(z.string(), depth),
});
export type Status = z.infer<typeof status>;

export const deviceName = z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string() });
export type DeviceName = z.infer<typeof deviceName>;

export const verdictName = z.enum(['approve', 'hold', 'block', 'leave', 'undetermined']);
export type VerdictName = z.infer<typeof verdictName>;

export const explainedDevice = deviceName.extend({
  client: z.string(),
  provider: z.string(),
  type: z.string(),
  approval: z.string(),
  access: z.string(),
  wipe: z.string(),
  state: z.string(),
  verdict: verdictName.nullable(),
  rule: z.string().nullable(),
  evidence: z.string().nullable(),
  wouldChange: z.string().nullable(),
  settingsVersion: z.number().nullable(),
  decidedAt: z.string().nullable(),
  match: z
    .object({
      kind: z.enum(['device', 'user', 'none', 'ambiguous']),
      enrolmentIds: z.array(z.string()),
      portalUsers: z.array(z.string()),
      evidence: z.string(),
    })
    .nullable(),
  firstSeen: z.string(),
  lastSync: z.string().nullable(),
  heldSince: z.string().nullable(),
  existing: z.boolean(),
  openAction: z.object({ actionId: z.string(), type: z.string(), state: z.string() }).nullable(),
});
export type ExplainedDevice = z.infer<typeof explainedDevice>;
export const devicePage = z.object({ devices: z.array(explainedDevice), cursor: z.string().nullable(), looked: z.number() });
export type DevicePage = z.infer<typeof devicePage>;

const timelineLine = z.object({ at: z.string(), kind: z.string(), says: z.string(), data: z.record(z.string(), z.unknown()) });
export type TimelineLine = z.infer<typeof timelineLine>;
export const deviceWithTimeline = explainedDevice.extend({ timeline: z.array(timelineLine), cursor: z.string().nullable() });

export type DeviceWithTimeline = z.infer<typeof deviceWithTimeline>;

const shown = z.object({ approval: z.string(), access: z.string(), wipe: z.string() });
const action = z.object({
  actionId: z.string(),
  type: z.string(),
  target: deviceName,
  requestedAt: z.string(),
  requestedBy: z.object({ kind: z.string(), name: z.string() }),
  reason: z.string(),
  state: z.string(),
  attempts: z.number(),
  notBefore: z.string().nullable(),
  expiresAt: z.string(),
  before: shown.nullable(),
  after: shown.nullable(),
  outcome: z.string().nullable(),
});
export type Action = z.infer<typeof action>;
export const actionPage = z.object({ actions: z.array(action), cursor: z.string().nullable() });
export type ActionPage = z.infer<typeof actionPage>;
const actionStep = z.object({ state: z.string(), at: z.string(), note: z.string() });
export const actionWithHistory = action.extend({ history: z.array(actionStep) });
export const actionsAnswer = z.union([
  z.object({ bulkId: z.string(), actions: z.number() }),
  z.object({ actions: z.array(z.object({ actionId: z.string(), refused: z.string().optional() }).loose()) }),
  z.object({ actionId: z.string(), state: z.string() }),
]);
export const bulk = z.object({
  bulkId: z.string(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  actions: z.number(),
  ended: z.number(),
  states: z.record(z.string(), z.number()),
  refused: z.number(),
  estimatedEnd: z.string().nullable(),
  cancelledAt: z.string().nullable(),
  cancelledBy: z.string().nullable(),
});

export const overview = z.object({
  countedAt: z.string(),
  sources: z.record(
    z.string(),
    z.object({
      total: z.number(),
      verdicts: z.record(z.string(), z.number()),
      states: z.record(z.string(), z.number()),
    }),
  ),
  actions: z.object({
    open: z.record(z.string(), z.number()),
    failing: z.array(action),
    failedLately: z.array(action),
    failingCount: z.number(),
    failedLatelyCount: z.number(),
  }),
});
export type Overview = z.infer<typeof overview>;

export const decisions = z.object({
  decisions: z.array(
    z.object({
      decisionId: z.string(),
      decided: z.string(),
      by: z.object({ kind: z.string(), name: z.string() }),
      at: z.string(),
      reason: z.string().nullable(),
      expiresAt: z.string().nullable(),
      withdrawnAt: z.string().nullable(),
      stands: z.boolean(),
    }),
  ),
});
export const links = z.object({
  links: z.array(z.object({ portalUser: z.string(), kind: z.enum(['confirmed', 'undone']), by: z.string(), at: z.string() })),
});

export const settings = z.object({
  requireApproval: z.enum(['server', 'on', 'off']),
  notify: z.array(z.string()),
  devicesPerUser: z.number(),
  autoApproveEnrolled: z.boolean(),
  autoApproveByPolicy: z.boolean(),
  autoApproveVerse: z.boolean(),
});
export type Settings = z.infer<typeof settings>;
const settingsVersion = z.object({
  version: z.number(),
  settings,
  publishedBy: z.string(),
  publishedAt: z.string(),
});
export type SettingsVersion = z.infer<typeof settingsVersion>;
export const currentSettings = settingsVersion.extend({
  sources: z.record(z.string(), settingsVersion.extend({ scope: z.string() })),
  versions: z.array(settingsVersion),
  cursor: z.string().nullable(),
  drift: z
    .object({ fields: z.array(z.string()) })
    .loose()
    .nullable()
    .optional(),
});
export type CurrentSettings = z.infer<typeof currentSettings>;

const guardFigures = z.object({ trips: z.boolean(), affected: z.number(), devices: z.number(), percent: z.number() });
export const plan = z.object({
  changes: z.array(
    deviceName.extend({
      from: z.object({ verdict: verdictName.nullable(), rule: z.string().nullable() }),
      to: z.object({ verdict: verdictName, rule: z.string() }),
      action: z.enum(['approve', 'block']).nullable(),
    }),
  ),
  perRule: z.record(z.string(), z.object({ count: z.number(), approve: z.number(), block: z.number() })),
  guard: z.object({
    trips: z.boolean(),
    affected: z.number(),
    percent: z.number(),
    sources: z.record(z.string(), guardFigures),
  }),
});
export type Plan = z.infer<typeof plan>;
export const guard = z.object({
  id: z.string(),
  kind: z.string(),
  cause: z.string(),
  state: z.string(),
  at: z.string(),
  requestedBy: z.string(),
  affected: z.number(),
  sources: z.record(z.string(), guardFigures),
  devices: z.array(deviceName.extend({ rule: z.string() })),
  decidedBy: z.string().nullable(),
  outcome: z.string().nullable(),
});
export type Guard = z.infer<typeof guard>;
export const guards = z.object({ guards: z.array(guard), cursor: z.string().nullable() });
export const publishAnswer = z.union([z.object({ version: z.number() }), z.object({ guard })]);

export const relay = z.object({
  relayId: z.string(),
  sourceId: z.string(),
  state: z.enum(['invited', 'connected', 'away', 'revoked']),
  version: z.string().nullable(),
  protocol: z.number().nullable(),
  travelerVersion: z.string().nullable(),
  holdsLease: z.boolean(),
  enrolledAt: z.string().nullable(),
  connectedAt: z.string().nullable(),
  lastHeardAt: z.string().nullable(),
  lagSeconds: z.number().nullable(),
  hostname: z.string().nullable(),
  reads: z.string().nullable(),
  acts: z.string().nullable(),
  unacknowledged: z.number(),
  tokenExpiresAt: z.string().nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  problems: z.array(z.string()),
});
export type Relay = z.infer<typeof relay>;
export const relayPage = z.object({ relays: z.array(relay), cursor: z.string().nullable() });
/** The command to run once near Domino: it contains a token that is never shown again. */
export const relayInvitation = z.object({
  relayId: z.string(),
  commands: z.object({ linux: z.string(), windows: z.string() }),
  expiresAt: z.string(),
});
export type RelayInvitation = z.infer<typeof relayInvitation>;

export const refusal = z.object({ title: z.string(), detail: z.string().optional() });
