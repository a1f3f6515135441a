/** What evaluating users needs from outside. */
import type { DeviceStore } from '#adapters/dynamodb/devices';
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments';
import type { Ledger } from '#adapters/dynamodb/ledger';
import type { SettingsReader } from '#adapters/dynamodb/settings-reader';
import type { SourceStore } from '#adapters/dynamodb/sources';
import type { UserStore } from '#adapters/dynamodb/users';
import type { Queue } from '#adapters/queues';
import type { Enforcement } from '#domain/enforcement';
import type { EnrolmentFeed } from '#domain/enrolment';
import type { SettingsVersion } from '#domain/settings';
import type { SourceState } from '#domain/source';
import type { Guarding } from './guard.ts';

export type EvaluateDependencies = {
  users: UserStore;
  enrolments: Pick<EnrolmentStore, 'candidates' | 'feed'>;
  settings: Pick<SettingsReader, 'current'>;
  sources: Pick<SourceStore, 'read'>;
  devices: Pick<DeviceStore, 'usersOfSource'>;
  ledger: Pick<Ledger, 'read' | 'readMany' | 'conclude' | 'openOf' | 'due'>;
  actions: Queue;
  evaluations: Queue;
  /** Looks at what a run would take away before any of it is decided (guard.ts); left out where no run is worked off. */
  guard?: Guarding;
  /** As configured; null for a source that is not (any more): nothing is decided for it. */
  enforcementOf(sourceId: string): Enforcement | null;
  /** Epoch ms. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  pause(ms: number): Promise<void>;
};

/** What holds for all users of a source, read together. */
export type Surroundings = { settings: SettingsVersion; state: SourceState; feed: EnrolmentFeed; enforcement: Enforcement };
