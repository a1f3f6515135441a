/** How each source stands: its gathers, its trouble, its server, and whether Auto-Quarantine is in force there. */
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments';
import type { RunStore } from '#adapters/dynamodb/runs';
import type { SettingsStore } from '#adapters/dynamodb/settings-store';
import type { SourceStore } from '#adapters/dynamodb/sources';
import { whyNotInForce } from '#domain/aq-force';
import type { SourceConfiguration } from '#domain/configuration';
import type { DeviceFacts } from '#domain/decide-input';
import { baselineOf, effectiveEnforcement } from '#domain/enforcement';
import type { SettingsVersion } from '#domain/settings';
import type { GatherRun, SourceState } from '#domain/source';
import type { SourceStatusView, StatusView } from './schemas.ts';
import { isoOrNull, isoTime, viewProblem, viewRun } from './views.ts';

export type StatusDependencies = {
  configured: readonly SourceConfiguration[];
  sources: Pick<SourceStore, 'read'>;
  runs: Pick<RunStore, 'lastRuns'>;
  settings: Pick<SettingsStore, 'current'>;
  enrolments: Pick<EnrolmentStore, 'feedState'>;
  queueDepths: () => Promise<StatusView['queues']>;
  now: () => number;
};

/** How many runs are looked at: enough for an average over twenty completed ones, some failed or under way between them. */
const lookedAt = 30;
const averagedOver = 20;
/** A run that was asked for so long ago and never began is no longer waited for. */
const forgottenMs = 3_600_000;

export function readStatus(dependencies: StatusDependencies) {
  const { configured, sources, runs, settings, enrolments, queueDepths, now } = dependencies;

  async function sourceStatus(source: SourceConfiguration): Promise<SourceStatusView> {
    const [state, last, current] = await Promise.all([
      sources.read(source.id),
      runs.lastRuns(source.id, lookedAt),
      settings.current(source.id),
    ]);
    return viewSource(source, { state, last, current, now: now() });
  }

  return async (): Promise<StatusView> => {
    const at = now();
    const [all, feed, queues] = await Promise.all([
      Promise.all(configured.map(sourceStatus)),
      enrolments.feedState(at),
      queueDepths(),
    ]);
    return {
      time: isoTime(at),
      sources: all,
      enrolments: { feed: feed.feed, lastHeardAt: isoOrNull(feed.lastAt) },
      queues,
    };
  };
}

type Known = { state: SourceState; last: readonly GatherRun[]; current: SettingsVersion; now: number };

export function viewSource(source: SourceConfiguration, { state, last, current, now }: Known): SourceStatusView {
  const underWay = last.find((run) => isUnderWay(run, now)) ?? null;
  const finished = last.find((run) => run.state === 'completed' || run.state === 'failed') ?? null;
  return {
    sourceId: source.id,
    kind: source.kind,
    state: stateOf(source, { state, gathering: underWay !== null }),
    problem: viewProblem(state.problem),
    lastGather: finished && viewRun(finished),
    currentGather: underWay && viewRun(underWay),
    averageGather: averageOf(last.filter((run) => run.state === 'completed').slice(0, averagedOver)),
    devices: state.devices,
    server: state.server,
    aq: autoQuarantine(source, state, current),
  };
}

function isUnderWay(run: GatherRun, now: number): boolean {
  return run.state === 'running' || (run.state === 'queued' && now - run.requestedAt < forgottenMs);
}

/** Trouble outranks a gather under way: a source that is tried again and again must not look busy and well. */
function stateOf({ kind }: SourceConfiguration, { state, gathering }: { state: SourceState; gathering: boolean }) {
  if (state.problem) return 'failed';
  if (gathering) return 'gathering';
  if (state.lastCompleteGatherAt !== null) return 'ok';
  return kind === 'traveler' ? 'waiting-for-relay' : 'new';
}

function averageOf(completed: readonly GatherRun[]): SourceStatusView['averageGather'] {
  if (completed.length === 0) return null;
  const mean = (of: (run: GatherRun) => number) =>
    Math.round(completed.reduce((sum, run) => sum + of(run), 0) / completed.length);
  return {
    runs: completed.length,
    ms: mean((run) => (run.finishedAt ?? 0) - (run.startedAt ?? run.requestedAt)),
    requests: mean((run) => run.requests),
    devices: mean((run) => run.counts.devices),
  };
}

/** Stands for any device that is not waiting for approval. */
const anyDevice: DeviceFacts = {
  deviceId: '-',
  type: '',
  registeredAt: 0,
  denial: null,
  openAction: null,
  existing: false,
  detail: null,
};

function autoQuarantine(
  { enforcement }: SourceConfiguration,
  state: SourceState,
  { settings, version }: SettingsVersion,
): SourceStatusView['aq'] {
  const baseline = baselineOf(state, settings);
  const why = whyNotInForce({ settings, server: state.server, baseline }, anyDevice);
  return {
    mode: settings.requireApproval,
    inForce: why === null,
    baseline,
    enforcement: effectiveEnforcement(enforcement, state.server),
    settingsVersion: version,
    note: why === null ? 'In force: a new device waits until a rule or a person approves it.' : `Not in force: ${why}.`,
  };
}
