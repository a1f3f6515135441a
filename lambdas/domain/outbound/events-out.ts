/**
 * Events out, as the portal receives them (portal.md): one schema each, and which event a journal line becomes. An event says
 * nothing that its line does not say, and has the line's id, so that receivers can deduplicate it.
 */
import { z } from 'zod';
import { actionPurpose, actionRequester, actionState, actionType, shown } from '#domain/actions/action';
import { verdictName } from '#domain/devices/device';
import { gatherRun, problem } from '#domain/devices/source';
import type { JournalLine } from '#domain/journal/hash-chain';
import { type LineKind, lineKind } from '#domain/journal/timeline';

const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC.' });
const change = z.object({
  field: z.string(),
  before: z.unknown().meta({ description: 'Null where it was not known.' }),
  after: z.unknown().meta({ description: 'Null where it is no longer known.' }),
});
const changes = z.array(change).min(1).meta({ description: 'The fields that changed, each with its value before and after.' });

const common = {
  eventId: z
    .string()
    .meta({ description: 'The same for each delivery of the same event: what was taken once is not taken again.' }),
  at: time.meta({ description: 'When it happened. Of two events of a device, the later has the later journal line.' }),
  says: z.string().meta({ description: 'One or two sentences for people.' }),
};
const ofSource = z.object({ ...common, sourceId: z.string() });
const ofDevice = ofSource.extend({
  user: z.string().meta({ description: 'The Traveler user name as the source spells it.' }),
  deviceId: z.string(),
});
const verdictShort = z.object({ verdict: verdictName, rule: z.string() });
const run = gatherRun.pick({
  runId: true,
  reason: true,
  baseline: true,
  invocations: true,
  counts: true,
  requests: true,
  units: true,
});
const runTimes = { requestedAt: time, startedAt: time.nullable(), finishedAt: time };
const actionEnded = ofDevice.extend({
  actionId: z.string(),
  type: actionType,
  purpose: actionPurpose.meta({
    description: '`hold`: a block that only keeps a device waiting. `give-back`: an approve that only lifts our own block.',
  }),
  requestedBy: actionRequester,
  requestedAt: time,
  reason: z.string(),
  rule: z.string().optional(),
  state: actionState,
  before: shown.nullable().meta({ description: 'What the server showed before it was written to; null when it was not read.' }),
  after: shown.nullable().meta({ description: 'What the server showed afterwards.' }),
  attempts: z.number().int(),
  tookMs: z.number(),
  durations: z.partialRecord(actionState, z.number()).meta({ description: 'Milliseconds spent in each state.' }),
});

/** Every event we send, by detail-type; its source is `extender`. */
export const eventsOut = {
  DeviceDiscovered: ofDevice
    .extend({
      provider: z.string(),
      type: z.string(),
      approval: z.string().meta({ description: '`unknown` where the full record could not be read yet.' }),
      access: z.string(),
      again: z.boolean().meta({ description: 'It had been removed and is registered anew.' }),
    })
    .meta({ description: 'A device syncs mail that was not known, or had been removed.' }),
  DeviceChanged: ofDevice.extend({ changes }).meta({ description: 'The server shows something else of a device than before.' }),
  DeviceMissing: ofDevice.meta({ description: 'The server no longer lists the device. Nothing follows from that yet.' }),
  DeviceRemoved: ofDevice.meta({
    description: 'The device has been missing for long enough to count as removed; it is then not held either.',
  }),
  DeviceQuarantined: ofDevice
    .extend({ heldSince: time, rule: z.string(), evidence: z.string() })
    .meta({ description: 'A device is newly held: it waits until a rule or a person approves it.' }),
  DeviceReleased: ofDevice
    .extend({ heldSince: time, verdict: verdictName, rule: z.string(), evidence: z.string() })
    .meta({ description: 'A device is no longer held; the verdict says why.' }),
  VerdictChanged: ofDevice
    .extend({
      before: verdictShort.nullable().meta({ description: 'Null for the first verdict.' }),
      after: verdictShort,
      evidence: z.string(),
      settingsVersion: z.number().int(),
      changes,
    })
    .meta({ description: 'A device has another verdict, or the same for another reason.' }),
  ActionCompleted: actionEnded.meta({ description: 'An action took effect: read back from the server, not assumed.' }),
  ActionFailed: actionEnded.meta({ description: 'An action ended without effect: failed, expired, superseded or cancelled.' }),
  GatherCompleted: ofSource
    .extend({ ...run.shape, ...runTimes })
    .meta({ description: 'A source was read to its end; with times, counts, requests and DynamoDB units.' }),
  GatherFailed: ofSource
    .extend({ ...run.shape, ...runTimes, problem: problem.omit({ at: true }) })
    .meta({ description: 'A source could not be read to its end: what happened, where, and what to do.' }),
  GuardTripped: ofSource
    .extend({
      guardId: z.string(),
      cause: z.string().meta({ description: 'What would have done it: gather, publish or enrolments.' }),
      affected: z.number().int().meta({ description: 'Devices that would lose access.' }),
      percent: z.number().meta({ description: 'Of the devices of the source.' }),
    })
    .meta({ description: 'Too many devices would have lost access at once; it waits for a person.' }),
  RelayConnected: ofSource.extend({ relayId: z.string() }).meta({ description: 'The relay of an on-premises source is there.' }),
  RelayDisconnected: ofSource
    .extend({ relayId: z.string(), reason: z.string() })
    .meta({ description: 'The relay of an on-premises source is gone; actions wait for it.' }),
  EventRejected: z
    .object({
      ...common,
      event: z.string().meta({ description: 'The detail-type of the rejected event, as far as it could be told.' }),
      rejectedId: z.string().meta({ description: 'The id that the bus gave the rejected event.' }),
      errors: z
        .array(z.object({ path: z.string(), message: z.string() }))
        .min(1)
        .meta({ description: 'Each wrong field, never its value.' }),
    })
    .meta({ description: 'An event of the portal cannot be taken; it lies in the dead-letter queue as it came.' }),
} as const;
export type EventOutName = keyof typeof eventsOut;
export type EventOut = {
  [K in EventOutName]: { type: K; id: string; at: number; detail: z.output<(typeof eventsOut)[K]> };
}[EventOutName];

/** The event that a line becomes; null: the line is for the journal only. */
type Mapped = { type: EventOutName; facts: Record<string, unknown> } | null;
const noEvent = (): Mapped => null;
const as =
  (type: EventOutName, facts: (line: JournalLine) => Record<string, unknown> = ({ data }) => data) =>
  (line: JournalLine): Mapped => ({ type, facts: facts(line) });

/** Kinds of lines and their events. A new kind without an entry here does not compile. */
const mappings: { [K in LineKind]: (line: JournalLine) => Mapped } = {
  discovered: as('DeviceDiscovered', ({ data }) => ({ ...data, again: false })),
  returned: ({ data }) =>
    data.was === 'removed'
      ? { type: 'DeviceDiscovered', facts: { ...data, again: true } }
      : { type: 'DeviceChanged', facts: { changes: [{ field: 'presence', before: data.was, after: 'present' }] } },
  changed: ({ data }) => {
    const published = shownChanges(data.changes);
    return published.length === 0 ? null : { type: 'DeviceChanged', facts: { changes: published } };
  },
  missing: as('DeviceMissing'),
  removed: as('DeviceRemoved'),
  verdict: as('VerdictChanged'),
  quarantined: as('DeviceQuarantined', ({ data }) => ({ ...data, ...times(data, ['heldSince']) })),
  released: as('DeviceReleased', ({ data }) => ({ ...data, ...times(data, ['heldSince']) })),
  action: ({ data }) => ({
    type: data.state === 'confirmed' || data.state === 'wiped' ? 'ActionCompleted' : 'ActionFailed',
    facts: { ...data, ...times(data, ['requestedAt']) },
  }),
  'action-step': noEvent,
  decision: noEvent,
  notice: noEvent,
  link: noEvent,
  enrolment: noEvent,
  settings: noEvent,
  feed: noEvent,
  source: noEvent,
  'gather-completed': as('GatherCompleted', ({ data }) => ({ ...data, ...times(data, runTimeFields) })),
  'gather-failed': as('GatherFailed', ({ data }) => ({ ...data, ...times(data, runTimeFields) })),
  'guard-tripped': as('GuardTripped'),
  'guard-decided': noEvent,
  'event-rejected': as('EventRejected'),
  'relay-connected': as('RelayConnected'),
  'relay-disconnected': as('RelayDisconnected'),
};
const runTimeFields = ['requestedAt', 'startedAt', 'finishedAt'] as const;

/** The events of one line, at present at most one. Throws a ZodError if the line lacks what its event needs. */
export function eventsOf(line: JournalLine): EventOut[] {
  const mapped = mappings[lineKind.parse(line.kind)](line);
  if (mapped === null) return [];
  const { type, facts } = mapped;
  const about = { eventId: line.lineId, at: iso(line.at), says: line.says, sourceId: line.sourceId };
  const device = line.deviceId === null ? {} : { user: line.user, deviceId: line.deviceId };
  const detail = eventsOut[type].parse({ ...facts, ...about, ...device });
  return [{ type, id: line.lineId, at: line.at, detail } as EventOut];
}

/** Fields for our own use, which the portal does not receive. */
const internalFields = new Set(['baselineRun', 'baselineOwed', 'registeredAt', 'observedSeq']);
function shownChanges(given: unknown): z.output<typeof changes> {
  return changes.parse(given).filter(({ field }) => !internalFields.has(field));
}

const iso = (at: number): string => new Date(at).toISOString();

/** Our times are epoch ms, the portal's are ISO 8601. */
function times(data: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map((field) => {
      const value = data[field];
      return [field, typeof value === 'number' ? iso(value) : value];
    }),
  );
}
