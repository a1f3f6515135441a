/** The status of each source: its gathers, its problem, its server, and whether Auto-Quarantine is in force there. */
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { RunStore } from '#adapters/dynamodb/gather/runs';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { GuardStore } from '#adapters/dynamodb/guards/guards';
import { type Drift, everySource, type SettingsReader } from '#adapters/dynamodb/settings/settings-reader';
import type { DeviceFacts } from '#domain/devices/device-facts';
import type { GatherRun, SourceState } from '#domain/devices/source';
import { isRelayed } from '#domain/devices/source-kinds';
import { baselineOf, type Enforcement, effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { GuardItem } from '#domain/quarantine/guard';
import { whyNotInForce } from '#domain/quarantine/in-force';
import type { Settings, SettingsVersion } from '#domain/quarantine/settings';
import type { RelayRecord } from '#domain/relay/relay-identity';
import type { SourceConfiguration } from '#domain/runtime/configuration';
import { type RelayStatusDependencies, type RelaysOfSource, readRelays } from './relay-status.ts';
import type { SourceStatusView, StatusView } from './schemas.ts';
import { isoOrNull, isoTime, viewProblem, viewRun } from './views.ts';

export type StatusDependencies = {
  configured: readonly SourceConfiguration[];
  sources: Pick<SourceStore, 'read'>;
  runs: Pick<RunStore, 'lastRuns'>;
  settings: Pick<SettingsReader, 'current' | 'drift'>;
  guards: Pick<GuardStore, 'waiting'>;
  enrolments: Pick<EnrolmentStore, 'feedState'>;
  relays: Pick<RelayStatusDependencies, 'relays' | 'leases'>;
  services: () => Promise<StatusView['services']>;
  queueDepths: () => Promise<StatusView['queues']>;
  now: () => number;
};

/** How many runs are read: enough for an average over twenty completed ones, with some failed or running in between. */
const runsRead = 30;
const averagedOver = 20;
/** A run that was requested this long ago and has not begun no longer counts as current, ms. */
const forgottenMs = 3_600_000;

export function readStatus(dependencies: StatusDependencies) {
  const { configured, sources, runs, settings, guards, enrolments, relays, services, queueDepths, now } = dependencies;
  const onPrem = configured.some(isRelayed);

  async function sourceStatus(source: SourceConfiguration, shared: Shared): Promise<SourceStatusView> {
    const [state, last, current, relay] = await Promise.all([
      sources.read(source.id),
      runs.lastRuns(source.id, runsRead),
      settings.current(source.id),
      isRelayed(source) ? readRelays({ ...relays, now }, source.id, shared.relays) : null,
    ]);
    return viewSource(source, { state, last, current, relay, now: now(), ...shared });
  }

  return async (): Promise<StatusView> => {
    const at = now();
    const [drift, waiting, known] = await Promise.all([settings.drift(), guards.waiting(), onPrem ? relays.relays.list() : []]);
    const [all, feed, outside, queues] = await Promise.all([
      Promise.all(configured.map((source) => sourceStatus(source, { drift, waiting, relays: known }))),
      enrolments.feedState(at),
      services(),
      queueDepths(),
    ]);
    return {
      time: isoTime(at),
      sources: all,
      enrolments: { feed: feed.feed, lastHeardAt: isoOrNull(feed.lastAt) },
      services: outside,
      queues,
    };
  };
}

/** What is read once for all sources. */
type Shared = { drift: Drift | null; waiting: readonly GuardItem[]; relays: readonly RelayRecord[] };
type Known = {
  state: SourceState;
  last: readonly GatherRun[];
  current: SettingsVersion;
  relay?: RelaysOfSource | null;
  now: number;
} & Partial<Shared>;

export function viewSource(source: SourceConfiguration, known: Known): SourceStatusView {
  const { state, last, current, now, relay = null, drift = null, waiting = [] } = known;
  const underWay = last.find((run) => isUnderWay(run, now)) ?? null;
  const finished = last.find((run) => run.state === 'completed' || run.state === 'failed') ?? null;
  return {
    sourceId: source.id,
    kind: source.kind,
    state: relay !== null && relay.state !== 'connected' ? 'waiting-for-relay' : stateOf({ state, gathering: underWay !== null }),
    problem: viewProblem(state.problem),
    lastGather: finished && viewRun(finished),
    currentGather: underWay && viewRun(underWay),
    averageGather: averageOf(last.filter((run) => run.state === 'completed').slice(0, averagedOver)),
    devices: state.devices,
    relay,
    server: state.server,
    aq: autoQuarantine(source, { state, current, drift }),
    guard: guardOn(source.id, waiting),
  };
}

function isUnderWay(run: GatherRun, now: number): boolean {
  return run.state === 'running' || (run.state === 'queued' && now - run.requestedAt < forgottenMs);
}

/** A problem takes precedence over a running gather: a source that keeps failing must not look healthy because it is retried. */
function stateOf({ state, gathering }: { state: SourceState; gathering: boolean }) {
  if (state.problem) return 'failed';
  if (gathering) return 'gathering';
  return state.lastCompleteGatherAt === null ? 'new' : 'ok';
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

/** Represents any device that is not waiting for approval. */
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
  { state, current, drift }: { state: SourceState; current: SettingsVersion; drift: Drift | null },
): SourceStatusView['aq'] {
  const { settings, version, scope } = current;
  const baseline = baselineOf(state, settings);
  const why = whyNotInForce({ settings, server: state.server, baseline }, anyDevice);
  return {
    mode: settings.requireApproval,
    inForce: why === null,
    baseline,
    enforcement: effectiveEnforcement(enforcement, state.server),
    settingsVersion: version,
    note: [
      why === null ? 'In force: a new device waits until a rule or a person approves it.' : `Not in force: ${why}.`,
      ...notWritable(enforcement, { state, settings }),
    ].join(' '),
    drift: scope === everySource ? (drift?.fields ?? []) : [],
  };
}

/** For a server whose approval settings cannot be written: what to configure instead. */
function notWritable(configured: Enforcement, { state, settings }: { state: SourceState; settings: Settings }): string[] {
  if (state.server.settingsAccess !== 'unavailable' || settings.requireApproval === 'server') return [];
  const what = 'The server has no approval settings that could be written';
  if (configured === 'extender') return [`${what}: the extender blocks unapproved devices itself, as configured.`];
  return [
    `${what}: the extender blocks unapproved devices itself. Set "enforcement": "extender" for this source to say that this is meant.`,
  ];
}

/** The newest guard on this source that waits for a person. */
function guardOn(sourceId: string, waiting: readonly GuardItem[]): SourceStatusView['guard'] {
  const guard = waiting.find(({ sources }) => sources[sourceId]?.trips);
  const figures = guard?.sources[sourceId];
  if (!guard || !figures) return null;
  const { guardId, kind, cause, at } = guard;
  return { id: guardId, kind, cause, affected: figures.affected, percent: figures.percent, at: isoTime(at) };
}
