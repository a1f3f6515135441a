/** One journal line for each event out, from which the examples of docs/events.md are made. */
import type { JournalLine } from '#domain/journal/hash-chain';
import type { LineKind } from '#domain/journal/timeline';
import type { EventOutName } from '#domain/outbound/events-out';

const at = Date.UTC(2026, 2, 2, 8, 15);
const phone = { sourceId: 'cloud', user: 'Jane Doe/Acme', deviceId: 'ApplF17XK2LMN' };
const whole = { sourceId: 'cloud', user: null, deviceId: null };

function line(
  kind: LineKind,
  says: string,
  { about = phone, ...data }: Record<string, unknown> & { about?: object },
): JournalLine {
  const owner = { ...phone, ...about };
  return { lineId: '3b0c9f…', at, id: kind, kind, says, data, ...owner };
}

const shown = { approval: 'pending', access: 'deny', wipe: 'none' };
const ended = {
  actionId: 'aq-1f6f2b9c0d3e4a5b',
  type: 'approve',
  purpose: 'verdict',
  requestedBy: { kind: 'aq', name: 'Auto-Quarantine' },
  requestedAt: at - 1900,
  reason: 'enrolled: device id ApplF17XK2LMN',
  rule: 'enrolled-device',
  before: shown,
  attempts: 1,
  tookMs: 1900,
  durations: { requested: 40, queued: 60, dispatched: 1500, applied: 300 },
};
const run = {
  runId: '2026-03-02T08-00-00-000Z-schedule',
  reason: 'schedule',
  baseline: false,
  invocations: 1,
  counts: {
    pages: 6,
    devices: 5000,
    totalRecords: 5000,
    details: 58,
    detailsWanted: 58,
    added: 2,
    changed: 4,
    missing: 1,
    removed: 0,
    users: 6,
  },
  requests: 66,
  units: { read: 92, write: 31 },
  requestedAt: at - 9000,
  startedAt: at - 8200,
  finishedAt: at,
};
const introduced = { provider: 'Apple iPhone 17', type: 'Apple-iPhone1801', approval: 'pending', access: 'deny' };

export const exampleLines: { [K in EventOutName]: JournalLine } = {
  DeviceDiscovered: line('discovered', 'Discovered: Apple iPhone 17 syncs mail.', introduced),
  DeviceChanged: line('changed', 'Changed on the server: level: 19.0 → 19.1.', {
    changes: [{ field: 'level', before: '19.0', after: '19.1' }],
  }),
  DeviceMissing: line('missing', 'The server no longer lists this device.', {}),
  DeviceRemoved: line(
    'removed',
    'Removed: the server has not listed this device for the time after which it counts as removed.',
    {},
  ),
  DeviceQuarantined: line('quarantined', "Held until approved: the user's third device, where 2 are allowed before approval.", {
    heldSince: at,
    rule: 'over-allowance',
    evidence: "the user's third device, where 2 are allowed before approval",
  }),
  DeviceReleased: line('released', 'No longer held: approve by rule enrolled-device.', {
    heldSince: at - 3_600_000,
    verdict: 'approve',
    rule: 'enrolled-device',
    evidence: 'enrolled: device id ApplF17XK2LMN',
  }),
  VerdictChanged: line('verdict', 'Verdict approve by rule enrolled-device, before: hold (over-allowance).', {
    before: { verdict: 'hold', rule: 'over-allowance' },
    after: { verdict: 'approve', rule: 'enrolled-device' },
    evidence: 'enrolled: device id ApplF17XK2LMN',
    settingsVersion: 3,
    changes: [
      { field: 'verdict', before: 'hold', after: 'approve' },
      { field: 'rule', before: 'over-allowance', after: 'enrolled-device' },
    ],
  }),
  ActionCompleted: line('action', 'Approval asked for by Auto-Quarantine: confirmed by reading back after 1.9 s.', {
    ...ended,
    state: 'confirmed',
    after: { approval: 'approved', access: 'allow', wipe: 'none' },
  }),
  ActionFailed: line(
    'action',
    'Approval asked for by Auto-Quarantine: failed after 1.9 s. The server accepted it and did nothing.',
    {
      ...ended,
      state: 'failed',
      after: shown,
    },
  ),
  GatherCompleted: line('gather-completed', 'Gather completed in 8.2 s: 5000 devices, 2 new, 4 changed, 1 missing, 0 removed.', {
    about: whole,
    ...run,
  }),
  GatherFailed: line('gather-failed', 'Gather failed: The server refuses the credentials (401).', {
    about: whole,
    ...run,
    problem: {
      kind: 'denied',
      what: 'The server refuses the credentials (401)',
      where: 'https://traveler.example.com',
      remedy: 'Store the right password in the secret; the next try is in an hour.',
    },
  }),
  GuardTripped: line(
    'guard-tripped',
    'Stopped by the guard: publish would take access from 120 of 2000 devices. It waits for a person.',
    {
      about: whole,
      guardId: '5d1c1d0e-publish',
      cause: 'publish',
      affected: 120,
      percent: 6,
    },
  ),
  RelayConnected: line('relay-connected', 'The relay hq-1 is connected.', { about: whole, relayId: 'hq-1' }),
  RelayDisconnected: line('relay-disconnected', 'The relay hq-1 is gone.', {
    about: whole,
    relayId: 'hq-1',
    reason: 'no sign of life for 30 s',
  }),
  EventRejected: line('event-rejected', 'Rejected: EnrolmentChanged: detail.enrolment.status: is missing.', {
    about: { ...whole, sourceId: '*' },
    event: 'EnrolmentChanged',
    rejectedId: '7bf73129-1428-4cd3-a780-95db273d1602',
    errors: [{ path: 'detail.enrolment.status', message: 'is missing' }],
  }),
};
