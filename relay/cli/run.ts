/** `relay run`: the relay itself, in the foreground; a service manager starts and stops it. */
import { loadConfiguration } from '../configuration/load.ts';
import { readIdentity } from '../identity/identity.ts';
import { JournalFailure } from '../journal/action-journal.ts';
import { createLog, type RelayLog } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import type { Workers } from '../ports.ts';
import { RelayRefusal } from '../refusal.ts';
import { configuredCredentials } from '../run/credentials.ts';
import { type Relay, startRelay } from '../run/relay.ts';
import { singleInstance } from '../run/single-instance.ts';
import { timingOverrides } from '../run/timing-overrides.ts';
import { relayWorkers, type WorkersOptions } from '../run/workers.ts';
import { SnapshotFailure } from '../snapshot/failure.ts';
import type { AddCommands, PlaceOptions } from './command-line.ts';

/** Below the time that a service manager allows before it kills the process. */
const timeoutMs = 9_500;

export const addRun: AddCommands = ({ command, places }) => {
  command('run', 'connects, gathers and acts; JSON log lines on standard output').action(async (options: PlaceOptions) => {
    const { config, data } = places(options);
    const timing = timingOverrides(process.env);
    // Report either one as missing before anything starts.
    const { sourceId } = readIdentity(data);
    const configuration = loadConfiguration(config);
    const lock = singleInstance(data);
    const log = createLog(configuration.log);
    const credentials = configuredCredentials(config, { log });
    const workers = workersOn({ configuration, credentials, sourceId, dataDir: data, log });
    const relay = await startRelay({ configuration, dataDir: data, workers, timing, log });
    toggleDebug(log, configuration.log.level);
    await stopped(relay, log);
    lock.release();
    // Anything still pending (such as a socket to a server that hangs) is not worth waiting for.
    process.exit(0);
  });
};

/** Reports a disk that cannot be written to before anything starts. */
function workersOn(options: WorkersOptions): Workers {
  try {
    return relayWorkers(options);
  } catch (cause) {
    if (!(cause instanceof JournalFailure || cause instanceof SnapshotFailure)) throw cause;
    throw new RelayRefusal(cause.message, `See whether ${options.dataDir} can be written and has room.`, { cause });
  }
}

/** SIGUSR2 toggles debug logging. Windows has no such signal; use POST /log-level there. */
function toggleDebug(log: RelayLog, usual: RelayLog['level']): void {
  if (process.platform === 'win32') return;
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? usual : 'debug';
    log.info('log level changed', { to: log.level });
  });
}

function stopped(relay: Relay, log: RelayLog): Promise<void> {
  return new Promise((resolve) => {
    let stopRequested = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopRequested) {
        log.warn('asked to stop again: ends at once', { signal });
        process.exit(1);
      }
      stopRequested = true;
      setTimeout(() => {
        log.warn('ends before everything was done; it will be taken up at the next start');
        process.exit(0);
      }, timeoutMs).unref();
      relay.stop().then(resolve, (error: unknown) => {
        logFailure(log, 'could not be stopped in order', { error });
        process.exit(1);
      });
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGBREAK'] as const)
      if (process.platform === 'win32' || signal !== 'SIGBREAK') process.on(signal, stop);
  });
}
