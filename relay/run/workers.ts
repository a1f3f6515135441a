/** The two workers, gathering and acting, as the session calls them. */
import { join } from 'node:path';
import type { CredentialsReader } from '#adapters/traveler/contract';
import { relayActions } from '../actions/relay-actions.ts';
import type { RelayConfiguration } from '../configuration/load.ts';
import { relayGather } from '../gather/gather.ts';
import { sqliteJournal } from '../journal/sqlite-journal.ts';
import type { Log } from '../log/log.ts';
import type { Workers } from '../ports.ts';
import { openSnapshot } from '../snapshot/snapshot.ts';
import { nameOf, sourceAt, watched } from './source.ts';

export type WorkersOptions = {
  configuration: RelayConfiguration;
  credentials: CredentialsReader;
  sourceId: string;
  dataDir: string;
  log: Log;
};

/** Throws RelayRefusal, SnapshotFailure, JournalFailure. `stop` also closes the server's connections and the files. */
export function relayWorkers({ configuration, credentials, sourceId, dataDir, log }: WorkersOptions): Workers {
  const source = sourceAt(configuration, credentials);
  const write = (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) =>
    log[level](message, fields);
  const snapshot = openSnapshot({ directory: dataDir, of: nameOf(configuration, sourceId), log: write });
  const { concurrency } = configuration.traveler;
  const gathering = relayGather({ sourceId, source, snapshot, concurrency, now: Date.now, log: write });
  const journal = sqliteJournal(join(dataDir, 'journal.db'));
  const acting = relayActions({ source: watched(source, gathering.touched), journal, log, atOnce: concurrency });
  return {
    gather: gathering.gather,
    resend: gathering.resend,
    digest: gathering.digest,
    act: acting.act,
    settings: acting.settings,
    async resume(link) {
      await Promise.all([acting.resume(link), gathering.resume(link)]);
    },
    problems: () => [...gathering.problems(), ...acting.problems()],
    async stop(ms) {
      gathering.stop();
      await acting.stop(ms);
      await Promise.all([source.close(), journal.close()]);
      snapshot.close();
    },
  };
}
