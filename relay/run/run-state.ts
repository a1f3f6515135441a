/** What a running relay knows about itself, for its status and its metrics. */
import { cures, type Ending } from '../connection/close-policy.ts';
import type { State as ConnectionState } from '../connection/states.ts';
import type { Metrics } from '../health/metrics.ts';
import { isConnected, type RelayStatus, whyNotReady } from '../health/status.ts';
import type { Identity } from '../identity/identity.ts';
import type { RelayLog } from '../log/log.ts';
import type { Session } from '../session/session.ts';
import type { Timing } from '../timing.ts';
import { version } from '../version.ts';

export type RunState = {
  readonly timing: Timing;
  readonly log: RelayLog;
  readonly metrics: Metrics;
  readonly session: Session;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Identity of the newest connection or try. */
  identity: Identity;
  /** Since when it has been connected, or disconnected; epoch ms. */
  since: number;
  /** Why the last connection or try ended; null while connected. */
  lastEnding: Ending | null;
};

/** Updates `since` and `lastEnding`, and the counters. */
export function noteConnection(run: RunState, state: ConnectionState, before: ConnectionState): void {
  const { metrics } = run;
  if (isConnected(state.name) !== isConnected(before.name)) run.since = Date.now();
  if (state.name === 'waiting' && before.name !== 'waiting') {
    run.lastEnding = state.last;
    metrics.count('relay_disconnections_total', { reason: state.last.why });
  }
  if (state.name === 'draining' && before.name !== 'draining') metrics.count('relay_hand_overs_total');
  const isWelcome = state.name === 'draining' || before.name === 'greeting';
  if (isConnected(state.name) && state.name !== before.name && isWelcome) metrics.count('relay_connections_total');
  if (state.name === 'live') run.lastEnding = null;
}

export function statusOf(
  { identity, session, timing, log, startedAt, since, lastEnding }: RunState,
  state: ConnectionState,
): RelayStatus {
  const { holding, following, ...view } = session.view();
  const fresh = view.lastPongAt !== null && Date.now() - view.lastPongAt <= timing.silenceMs;
  const lease = holding ? 'holding' : following && fresh ? 'following' : 'none';
  const reason = whyNotReady({ state: state.name, cure: lastEnding && cures[lastEnding.why] }, lease);
  return {
    relayId: identity.relayId,
    sourceId: identity.sourceId,
    version,
    cloud: identity.cloudUrl,
    startedAt,
    now: Date.now(),
    ready: reason === null,
    reason,
    connection: { state: state.name, since, lastEnding: lastEnding?.why ?? null, tries: state.failures },
    lease,
    ...view,
    problems: session.problems(),
    logLevel: log.level,
    memoryBytes: process.memoryUsage.rss(),
  };
}

type Gauged = { metrics: Metrics; session: Session; status(): RelayStatus };

export function addGauges({ metrics, session, status }: Gauged): void {
  metrics.gauge('relay_connected', 'Whether the relay is connected to its cloud.', () =>
    isConnected(status().connection.state) ? 1 : 0,
  );
  metrics.gauge('relay_ready', 'Whether /ready says so.', () => (status().ready ? 1 : 0));
  metrics.gauge('relay_lease_held', 'Whether the relay holds the lease of its source.', () => (session.view().holding ? 1 : 0));
  metrics.gauge('relay_unacknowledged', 'Messages that the cloud has not acknowledged.', () => session.view().unacknowledged);
  metrics.gauge(
    'relay_clock_offset_seconds',
    'Clock of the cloud less that of this machine.',
    () => (session.view().clockOffsetMs ?? 0) / 1_000,
  );
  metrics.gauge('relay_problems', 'Things that do not work at present; see relay status.', () => session.problems().length);
}
