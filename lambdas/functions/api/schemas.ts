/** The API's responses, one schema each: they type the views, and the OpenAPI document is generated from them. */
import { z } from '@hono/zod-openapi';
import { actionRequester, actionState, actionType, shown, wipeTarget } from '#domain/actions/action';
import { access, approval, client, match, openAction, presence, verdictName, wipe } from '#domain/devices/device';
import { failureKind, gatherRun, serverFacts } from '#domain/devices/source';
import { sourceKind } from '#domain/devices/source-kinds';
import { enrolment, enrolmentFeed } from '#domain/enrolment/enrolment';
import { guardKind } from '#domain/quarantine/guard';
import { settings } from '#domain/quarantine/settings';

const time = z.string().openapi({ format: 'date-time', example: '2026-03-01T08:15:00.000Z' });
const cursor = z.string().nullable().openapi({ description: 'Pass it on to get the next page; null on the last one.' });
const problem = z
  .object({ kind: failureKind, what: z.string(), where: z.string(), remedy: z.string(), at: time })
  .openapi('Trouble', { description: 'What happened, where, and what to do.' });

export const deviceView = z
  .object({
    sourceId: z.string(),
    user: z.string().openapi({ example: 'Jane Doe/Acme' }),
    deviceId: z.string(),
    client,
    provider: z.string(),
    type: z.string(),
    approval,
    access,
    wipe,
    state: presence.openapi({ description: 'Whether the source still lists it.' }),
    verdict: verdictName.nullable().openapi({ description: 'Null until decided, like the rule and the evidence.' }),
    rule: z.string().nullable(),
    evidence: z.string().nullable(),
    wouldChange: z.string().nullable(),
    settingsVersion: z.number().int().nullable(),
    decidedAt: time.nullable(),
    match: match.nullable(),
    firstSeen: time,
    lastSync: time.nullable(),
    heldSince: time.nullable(),
    existing: z.boolean().openapi({ description: 'It was connected before Auto-Quarantine was in force.' }),
    openAction: openAction.nullable(),
  })
  .openapi('Device');
export const timelineLine = z.object({ at: time, kind: z.string(), says: z.string(), data: z.record(z.string(), z.unknown()) });
export const deviceWithTimeline = deviceView.extend({ timeline: z.array(timelineLine), cursor }).openapi('DeviceWithTimeline');
export const devicePage = z.object({
  devices: z.array(deviceView),
  cursor,
  looked: z
    .int()
    .openapi({ description: 'How many devices were looked at: a page with a cursor may be short, when few of them match.' }),
});

export const runView = z
  .object({
    ...gatherRun.pick({ runId: true, sourceId: true, reason: true, baseline: true, invocations: true, counts: true }).shape,
    ...gatherRun.pick({ requests: true, units: true }).shape,
    state: z.enum(['running', 'completed', 'failed']),
    requestedAt: time,
    startedAt: time.nullable().openapi({ description: 'Null while it waits for its turn.' }),
    finishedAt: time.nullable(),
    ms: z.number().nullable().openapi({ description: 'From start to end, milliseconds.' }),
    estimatedEnd: time.nullable(),
    problem: problem.nullable(),
  })
  .openapi('GatherRun');

// A schema created before @hono/zod-openapi is loaded has no `openapi`: the domain's schemas are wrapped in new ones.
const settingsBody = z.strictObject(settings.shape).openapi('Settings');
export const settingsVersionView = z
  .object({ version: z.number().int(), settings: settingsBody, publishedBy: z.string(), publishedAt: time })
  .openapi('SettingsVersion');
export const settingsView = settingsVersionView
  .extend({
    sources: z.record(z.string(), settingsVersionView.extend({ scope: z.string() })),
    versions: z.array(settingsVersionView).openapi({ description: 'Of the scope asked for, newest first, 50 on a page.' }),
    cursor,
    drift: z
      .object({ configured: settingsBody, fields: z.array(z.string()) })
      .nullable()
      .openapi({
        description: 'How the configuration file differs from what somebody published by hand; null when it does not.',
      }),
  })
  .openapi('CurrentSettings');
export const settingsPublication = z
  .strictObject({
    settings: settingsBody,
    replaces: z.number().int().min(0).openapi({ description: 'The version that the publisher saw as current.' }),
    sourceId: z.string().min(1).optional().openapi({ description: 'For one source only; left out: for all.' }),
  })
  .openapi('SettingsPublication');

export const actionView = z
  .object({
    actionId: z.string(),
    type: actionType,
    target: z.object({ sourceId: z.string(), user: z.string(), deviceId: z.string() }),
    wipe: z.array(wipeTarget).nullable(),
    requestedAt: time,
    requestedBy: actionRequester,
    reason: z.string(),
    purpose: z.string(),
    rule: z.string().nullable(),
    state: actionState,
    attempts: z.number().int(),
    notBefore: time.nullable(),
    expiresAt: time,
    confirmation: z
      .object({ askedAt: time, confirmedBy: z.string().nullable() })
      .nullable()
      .openapi({ description: 'A wipe that the hourly guard held back until a person confirms it.' }),
    before: shown.nullable(),
    after: shown.nullable(),
    outcome: z.string().nullable(),
    note: z.string().openapi({ description: 'Of its latest step: what it waits for, while it waits.' }),
  })
  .openapi('Action');
export const actionWithHistory = actionView
  .extend({ history: z.array(z.object({ state: actionState, at: time, note: z.string() })) })
  .openapi('ActionWithHistory');
export const actionPage = z.object({ actions: z.array(actionView), cursor });
export const actionAccepted = z.object({ actionId: z.string(), state: actionState }).openapi('ActionAccepted');
export const actionsAccepted = z.object({
  actions: z.array(
    z.object({
      actionId: z.string(),
      state: actionState.nullable().openapi({ description: 'Null for one that was refused.' }),
      refused: z.string().optional(),
    }),
  ),
});

export const enrolmentBody = z.object(enrolment.shape).openapi('Enrolment');
export const enrolmentPage = z.object({ enrolments: z.array(enrolmentBody), cursor });
export const enrolmentsTaken = z.object({
  received: z.number().int(),
  stored: z.number().int(),
  same: z.number().int(),
  older: z.number().int(),
});

const average = z.object({ runs: z.number().int(), ms: z.number(), requests: z.number(), devices: z.number() });
export const sourceStatusView = z
  .object({
    sourceId: z.string(),
    kind: sourceKind,
    state: z.enum(['ok', 'gathering', 'failed', 'waiting-for-relay', 'new']),
    problem: problem.nullable(),
    lastGather: runView.nullable(),
    currentGather: runView.nullable(),
    averageGather: average.nullable().openapi({ description: 'Over the last completed gathers, at most 20.' }),
    devices: z.number().int(),
    relay: z
      .object({
        state: z.enum(['none', 'connected', 'away']),
        holder: z.string().nullable().openapi({ description: 'The relay that reads and acts at present.' }),
        holderName: z.string().nullable().openapi({ description: 'The name of its machine.' }),
        relays: z.number().int().openapi({ description: 'Connected ones; while none is there, those that are enrolled.' }),
        lagSeconds: z.number().nullable().openapi({ description: 'Since the holder was last heard of.' }),
        since: time.nullable(),
      })
      .nullable()
      .openapi({ description: 'Null for a source that the cloud reads itself.' }),
    server: serverFacts,
    aq: z.object({
      mode: settings.shape.requireApproval,
      inForce: z.boolean(),
      baseline: z.enum(['owed', 'recorded']),
      enforcement: z.enum(['server', 'extender']),
      settingsVersion: z.number().int(),
      note: z.string(),
      drift: z.array(z.string()).openapi({ description: 'Settings that differ from the configuration file, changed by hand.' }),
    }),
    guard: z
      .object({ id: z.string(), kind: guardKind, cause: z.string(), affected: z.number().int(), percent: z.number(), at: time })
      .nullable()
      .openapi({ description: 'What waits for a person, because it would take access from too many devices.' }),
  })
  .openapi('SourceStatus');
export const serviceView = z
  .object({
    service: z.enum(['portal', 'mail', 'maas360']),
    state: z.enum(['off', 'new', 'ok', 'failed']).openapi({ description: '`new`: configured, and nothing was done yet.' }),
    lastAt: time.nullable().openapi({ description: 'When it last did its work to the end.' }),
    problem: problem.nullable(),
    note: z.string(),
  })
  .openapi('Service');
export const statusView = z
  .object({
    time,
    sources: z.array(sourceStatusView),
    enrolments: z.object({ feed: enrolmentFeed, lastHeardAt: time.nullable() }),
    services: z.array(serviceView).openapi({ description: 'The portal’s device list, notices by mail, enrolments of MaaS360.' }),
    queues: z.record(z.string(), z.object({ waiting: z.number(), inWork: z.number(), delayed: z.number() })),
  })
  .openapi('Status');

export type DeviceView = z.output<typeof deviceView>;
export type RunView = z.output<typeof runView>;
export type ActionView = z.output<typeof actionView>;
export type SettingsVersionView = z.output<typeof settingsVersionView>;
export type SourceStatusView = z.output<typeof sourceStatusView>;
export type ServiceView = z.output<typeof serviceView>;
export type StatusView = z.output<typeof statusView>;
