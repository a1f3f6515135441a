/**
 * The running relay, assembled: connection, session, workers, health.
 *
 * - starting: everything is created and the health endpoint listens; a refusal ends it.
 * - running: entered with the connection's `start`; the connection has its own states (connection/states.ts).
 * - stopping: the workers finish or journal their work, unacknowledged messages are sent, goodbye is sent. Entered once.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Dispatcher } from 'undici';
import type { RelayConfiguration } from '../configuration/load.ts';
import { type Connection, createConnection } from '../connection/connection.ts';
import { egressOf } from '../connection/egress.ts';
import { createMetrics, type Metrics } from '../health/metrics.ts';
import { type HealthServer, serveHealth } from '../health/server.ts';
import type { RelayStatus } from '../health/status.ts';
import type { Identity } from '../identity/identity.ts';
import type { RelayLog } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import type { Workers } from '../ports.ts';
import { createSequenceNumbers } from '../session/sequence-numbers.ts';
import { createSession, type Session } from '../session/session.ts';
import type { Timing } from '../timing.ts';
import { version } from '../version.ts';
import { createConnectionKeys } from './connection-key.ts';
import { connectionOpener } from './open-connection.ts';
import { addGauges, noteConnection, type RunState, statusOf } from './run-state.ts';
import { removeRunning, writeRunning } from './running-file.ts';

export type RelayOptions = {
  configuration: RelayConfiguration;
  dataDir: string;
  workers: Workers;
  timing: Timing;
  log: RelayLog;
};
export type Relay = { stop(): Promise<void>; readonly healthUrl: string };

/** Together less than the 10 s that a service manager allows. */
const stopMs = { workers: 5_000, flush: 1_500 } as const;

/** Throws RelayRefusal. The data folder must be locked (`singleInstance`). */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { configuration, dataDir, timing, log } = options;
  const keys = createConnectionKeys(dataDir);
  const metrics = createMetrics();
  const { identity } = keys.forTry();
  const session = sessionOf(options, { metrics, identity: () => run.identity });
  const startedAt = Date.now();
  const run: RunState = { timing, log, metrics, session, startedAt, identity, since: startedAt, lastEnding: null };
  const dispatcher = egressOf({ proxy: configuration.proxy, ca: configuration.ca });
  const connection = createConnection({
    speaker: session.speaker,
    timing,
    log,
    clock: session.clock,
    open: connectionOpener({
      ...{ keys, dispatcher, log },
      cloudNow: session.link.cloudNow,
      trying(current) {
        run.identity = current;
      },
    }),
    changed: (state, before) => noteConnection(run, state, before),
  });
  session.attach(connection);
  const status = () => statusOf(run, connection.state);
  addGauges({ metrics, session, status });
  const health = await healthOf(options, { metrics, status, startedAt });
  log.info('relay started', { version, relayId: identity.relayId, sourceId: identity.sourceId, health: health.url });
  connection.happened({ type: 'start' });
  const stop = once(() => stopAll(options, { session, connection, health, dispatcher }));
  return { healthUrl: health.url, stop };
}

type SessionNeeds = { metrics: Metrics; identity(): Identity };

const sessionOf = (
  { configuration, dataDir, workers, timing, log }: RelayOptions,
  { metrics, identity }: SessionNeeds,
): Session =>
  createSession({
    identity,
    facts: {
      version,
      hostname: hostname(),
      platform: `${process.platform} ${process.arch}`,
      reads: configuration.traveler.read,
      acts: configuration.console.by,
    },
    ...{ workers, timing, log, metrics },
    numbers: createSequenceNumbers(join(dataDir, 'numbers.json')),
    now: () => ({ monotonic: performance.now(), wall: Date.now() }),
  });

type HealthNeeds = { metrics: Metrics; status(): RelayStatus; startedAt: number };

/** Listens, and from then on is recorded in running.json. */
async function healthOf(
  { configuration, dataDir, log }: RelayOptions,
  { metrics, status, startedAt }: HealthNeeds,
): Promise<HealthServer> {
  const token = randomBytes(24).toString('base64url');
  const health = await serveHealth({
    port: configuration.health.port,
    token,
    status,
    metrics: metrics.text,
    setLevel(level) {
      log.level = level;
      log.info('log level changed', { to: level });
    },
    failed: (error) => logFailure(log, 'a request to the health endpoint could not be answered', { error }),
  });
  writeRunning(dataDir, { pid: process.pid, healthUrl: health.url, token, startedAt });
  return health;
}

type Running = { session: Session; connection: Connection; health: HealthServer; dispatcher: Dispatcher };

async function stopAll({ workers, dataDir, log }: RelayOptions, running: Running): Promise<void> {
  const { session, connection, health, dispatcher } = running;
  log.info('stopping');
  session.stop();
  await workers.stop(stopMs.workers).catch((error: unknown) => logFailure(log, 'work could not be ended in order', { error }));
  await session.flushed(stopMs.flush);
  connection.happened({ type: 'stop' });
  await connection.stopped;
  await Promise.all([health.close(), dispatcher.destroy()]);
  removeRunning(dataDir);
  log.info('stopped');
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= work();
    return done;
  };
}
