/** Stored records as the API shows them: times as ISO 8601 in UTC, without internal fields. Pure. */
import type { Action } from '#domain/actions/action';
import { clientOf } from '#domain/devices/clients';
import type { Device, DeviceKey } from '#domain/devices/device';
import type { GatherRun, Problem, SourceState } from '#domain/devices/source';
import type { TimelineEntry } from '#domain/journal/timeline';
import { isExisting } from '#domain/quarantine/enforcement';
import type { SettingsVersion } from '#domain/quarantine/settings';
import type { ActionView, DeviceView, RunView, SettingsVersionView } from './schemas.ts';

export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

/** `source`: the stored state of the device's source; it says which baseline runs count. */
export function viewDevice(device: Device, source: Pick<SourceState, 'baselineRuns'>): DeviceView {
  const { sourceId, user, deviceId, provider, type, detail, verdict } = device;
  return {
    sourceId,
    user,
    deviceId,
    // Only the verdict knows whether an enrolment lists it as secure mail.
    client: verdict?.client ?? clientOf(deviceId.toLowerCase(), type, false),
    provider,
    type,
    approval: detail?.approval ?? 'unknown',
    access: detail?.access ?? 'unknown',
    wipe: detail?.wipe ?? 'unknown',
    state: device.presence,
    verdict: verdict?.verdict ?? null,
    rule: verdict?.rule ?? null,
    evidence: verdict?.evidence ?? null,
    wouldChange: verdict?.wouldChange ?? null,
    settingsVersion: verdict?.settingsVersion ?? null,
    decidedAt: isoOrNull(verdict?.decidedAt ?? null),
    match: device.match,
    firstSeen: isoTime(device.firstSeen),
    lastSync: isoOrNull(device.lastSync),
    heldSince: isoOrNull(device.heldSince),
    existing: isExisting(device, source),
    openAction: device.openAction,
  };
}

export const viewTimelineEntry = ({ at, kind, says, data }: TimelineEntry) => ({ at: isoTime(at), kind, says, data });

export const viewProblem = (problem: Problem | null) => (problem ? { ...problem, at: isoTime(problem.at) } : null);

/** A queued run is shown as running: it has an id, and it will end. */
export function viewRun(run: GatherRun): RunView {
  const { runId, sourceId, reason, baseline, invocations, counts, requests, units, startedAt, finishedAt } = run;
  return {
    runId,
    sourceId,
    reason,
    state: run.state === 'queued' ? 'running' : run.state,
    baseline,
    invocations,
    counts,
    requests,
    units,
    requestedAt: isoTime(run.requestedAt),
    startedAt: isoOrNull(startedAt),
    finishedAt: isoOrNull(finishedAt),
    ms: startedAt === null || finishedAt === null ? null : finishedAt - startedAt,
    estimatedEnd: isoOrNull(run.estimatedEnd),
    problem: viewProblem(run.problem),
  };
}

export function viewSettings({ version, settings, publishedBy, publishedAt }: SettingsVersion): SettingsVersionView {
  return { version, settings, publishedBy, publishedAt: isoTime(publishedAt) };
}

export function viewAction(action: Action): ActionView {
  const { actionId, type, sourceId, user, deviceId, requestedBy, reason, purpose, state, attempts } = action;
  const target: DeviceKey = { sourceId, user, deviceId };
  return {
    actionId,
    type,
    target,
    wipe: action.wipeTargets ?? null,
    requestedAt: isoTime(action.requestedAt),
    requestedBy,
    reason,
    purpose,
    rule: action.rule ?? null,
    state,
    attempts,
    notBefore: isoOrNull(action.notBefore),
    expiresAt: isoTime(action.expiresAt),
    confirmation: action.confirmation
      ? { askedAt: isoTime(action.confirmation.askedAt), confirmedBy: action.confirmation.confirmedBy }
      : null,
    before: action.before,
    after: action.after,
    outcome: action.outcome,
    note: action.history.at(-1)?.note ?? '',
  };
}

export const viewHistory = ({ history }: Action) => history.map((step) => ({ ...step, at: isoTime(step.at) }));
