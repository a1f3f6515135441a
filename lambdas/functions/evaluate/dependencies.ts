/** The dependencies of evaluating users. */

import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { DeviceStore } from '#adapters/dynamodb/devices/devices';
import type { UserStore } from '#adapters/dynamodb/devices/users';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { SettingsReader } from '#adapters/dynamodb/settings/settings-reader';
import type { Queue } from '#adapters/queues';
import type { Enforcement } from '#domain/quarantine/enforcement';
import type { AssessRun } from '#use-cases/guard/assess-run';

export type EvaluateDependencies = {
  users: UserStore;
  enrolments: Pick<EnrolmentStore, 'candidates' | 'feed'>;
  settings: Pick<SettingsReader, 'current'>;
  sources: Pick<SourceStore, 'read'>;
  devices: Pick<DeviceStore, 'usersOfSource'>;
  ledger: Pick<Ledger, 'read' | 'readMany' | 'end' | 'openOf' | 'due'>;
  actions: Queue;
  evaluations: Queue;
  /**
   * Assesses how much access a run would take away, before any of it is decided (guard.ts); absent where no runs are processed.
   */
  guard?: AssessRun;
  /** As configured; null for a source that is not configured (any more): nothing is decided for it. */
  enforcementOf(sourceId: string): Enforcement | null;
  /** Epoch ms. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  pause(ms: number): Promise<void>;
};
