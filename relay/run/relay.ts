/** The running relay, put together: connection, session, workers, health. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { connectStatement } from '#adapters/relay-identity';
import type { RelayConfiguration } from '../configuration/load.ts';
import { cures, type Ending } from '../connection/close-policy.ts';
import { createConnection } from '../connection/connection.ts';
import { egressOf } from '../connection/egress.ts';
import { openSocket } from '../connection/socket.ts';
import type { State } from '../connection/states.ts';
import { createMetrics } from '../health/metrics.ts';
import { type HealthServer, serveHealth } from '../health/server.ts';
import { isConnected, type RelayStatus, whyNotReady } from '../health/status.ts';
import type { RelayLog } from '../log/log.ts';
import type { Workers } from '../ports.ts';
import { createSequenceNumbers } from '../session/sequence-numbers.ts';
import { createSession } from '../session/session.ts';
import type { Timing } from '../timing.ts';
import { version } from '../version.ts';
import { createConnectionKeys } from './connection-key.ts';
import { removeRunning, writeRunning } from './running-file.ts';

export type RelayOptions = {
  configuration: RelayConfiguration;
  dataDir: string;
  workers: Workers;
  timing: Timing;
  log: RelayLog;
};
export type Relay = { stop(): Promise<void>; readonly healthUrl: string };

/** Together less than the 10 s that a service manager grants. */
const stopMs = { workers: 5_000, flush: 1_500 } as const;

/** Throws RelayRefusal. The data folder must be held (`soleRun`). */
export async function startRelay({ configuration, dataDir, workers, timing, log }: RelayOptions): Promise<Relay> {
  const keys = createConnectionKeys(dataDir);
  let { identity } = keys.forTry();
  const startedAt = Date.now();
  const metrics = createMetrics();
  const dispatcher = egressOf({ proxy: configuration.proxy, ca: configuration.ca });
  const session = createSession({
    identity: () => identity,
    facts: {
      version,
      hostname: hostname(),
      platform: `${process.platform} ${process.arch}`,
      reads: configuration.traveler.read,
      acts: configuration.console.by,
    },
    workers,
    numbers: createSequenceNumbers(join(dataDir, 'numbers.json')),
    timing,
    log,
    metrics,
    now: () => ({ monotonic: performance.now(), wall: Date.now() }),
  });

  let since = startedAt;
  let lastEnding: Ending | null = null;

  const connection = createConnection({
    speaker: session.speaker,
    timing,
    log,
    clock: session.clock,
    async open(events) {
      const chosen = keys.forTry();
      identity = chosen.identity;
      const { relayId, socketUrl } = identity;
      const nonce = randomBytes(24).toString('base64url');
      const statement = await connectStatement(chosen.key, { relayId, socketUrl, now: session.link.cloudNow(), nonce });
      return openSocket(
        { url: socketUrl, authorization: `Bearer ${statement}`, dispatcher },
        {
          ...events,
          opened() {
            keys.accepted();
            events.opened();
          },
          ended(ending) {
            if (ending.why === 'refused') keys.refused();
            events.ended(ending);
          },
        },
      );
    },
    changed(state, before) {
      if (isConnected(state.name) !== isConnected(before.name)) since = Date.now();
      if (state.name === 'waiting' && before.name !== 'waiting') ended(state.last);
      if (state.name === 'draining' && before.name !== 'draining') metrics.count('relay_hand_overs_total');
      if (isConnected(state.name) && state.name !== before.name && (state.name === 'draining' || before.name === 'greeting'))
        metrics.count('relay_connections_total');
      if (state.name === 'live') lastEnding = null;
    },
  });
  session.attach(connection);

  function ended(ending: Ending): void {
    lastEnding = ending;
    metrics.count('relay_disconnections_total', { reason: ending.why });
  }

  const status = (): RelayStatus => statusOf({ connection: connection.state, since, lastEnding });

  function statusOf({ connection: state, ...was }: { connection: State; since: number; lastEnding: Ending | null }): RelayStatus {
    const { holding, following, ...view } = session.view();
    const fresh = view.lastPongAt !== null && Date.now() - view.lastPongAt <= timing.silenceMs;
    const lease = holding ? 'holding' : following && fresh ? 'following' : 'none';
    const reason = whyNotReady({ state: state.name, cure: was.lastEnding && cures[was.lastEnding.why] }, lease);
    return {
      relayId: identity.relayId,
      sourceId: identity.sourceId,
      version,
      cloud: identity.cloudUrl,
      startedAt,
      now: Date.now(),
      ready: reason === null,
      reason,
      connection: { state: state.name, since: was.since, lastEnding: was.lastEnding?.why ?? null, tries: state.failures },
      lease,
      ...view,
      problems: workers.problems(),
      logLevel: log.level,
      memoryBytes: process.memoryUsage.rss(),
    };
  }

  metrics.gauge('relay_connected', 'Whether the relay is connected to its cloud.', () =>
    isConnected(connection.state.name) ? 1 : 0,
  );
  metrics.gauge('relay_ready', 'Whether /ready says so.', () => (status().ready ? 1 : 0));
  metrics.gauge('relay_lease_held', 'Whether the relay holds the lease of its source.', () => (session.view().holding ? 1 : 0));
  metrics.gauge('relay_unacknowledged', 'Messages that the cloud has not acknowledged.', () => session.view().unacknowledged);
  metrics.gauge(
    'relay_clock_offset_seconds',
    'Clock of the cloud less that of this machine.',
    () => (session.view().clockOffsetMs ?? 0) / 1_000,
  );
  metrics.gauge('relay_problems', 'Things that do not work at present; see relay status.', () => workers.problems().length);

  const token = randomBytes(24).toString('base64url');
  const health: HealthServer = await serveHealth({
    port: configuration.health.port,
    token,
    status,
    metrics: metrics.text,
    setLevel(level) {
      log.level = level;
      log.info('log level changed', { to: level });
    },
  });
  writeRunning(dataDir, { pid: process.pid, healthUrl: health.url, token, startedAt });
  log.info('relay started', { version, relayId: identity.relayId, sourceId: identity.sourceId, health: health.url });
  connection.happened({ type: 'start' });

  let stopping: Promise<void> | null = null;
  async function stop(): Promise<void> {
    log.info('stopping');
    session.stop();
    await workers
      .stop(stopMs.workers)
      .catch((error: unknown) => log.error('work could not be ended in order', { error: String(error) }));
    await session.flushed(stopMs.flush);
    connection.happened({ type: 'stop' });
    await connection.stopped;
    await Promise.all([health.close(), dispatcher.destroy()]);
    removeRunning(dataDir);
    log.info('stopped');
  }

  return {
    healthUrl: health.url,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
