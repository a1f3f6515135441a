/** The dependencies of a gather, and its state from step to step. */

import type { SlotStore } from '#adapters/dynamodb/actions/concurrency-slots';
import type { ObservedDevices } from '#adapters/dynamodb/devices/observed-devices';
import type { LeaseStore } from '#adapters/dynamodb/gather/leases';
import type { ManifestStore, StoredManifest } from '#adapters/dynamodb/gather/manifests';
import type { RunStore } from '#adapters/dynamodb/gather/runs';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import type { RelayRunStore } from '#adapters/dynamodb/relays/relay-runs';
import type { Queue } from '#adapters/queues';
import type { RelayLink } from '#adapters/relay-link';
import type { DevicePage, TravelerSource } from '#adapters/traveler/contract';
import type { GatherRun, ServerFacts, SourceState } from '#domain/devices/source';
import type { Manifest } from '#domain/gather/manifest';
import type { SettingsVersion } from '#domain/quarantine/settings';
import type { RuntimeConfiguration, SourceConfiguration, SourceOf } from '#domain/runtime/configuration';
import type { RelayedList } from './relay-list.ts';

export type SmartcloudSource = SourceOf<'smartcloud'>;
export type OnPremSource = SourceOf<'traveler'>;

export type GatherDependencies = {
  configuration: RuntimeConfiguration;
  leases: LeaseStore;
  slots: Pick<SlotStore, 'share' | 'release'>;
  runs: Pick<RunStore, 'open' | 'update' | 'end' | 'lastRuns'>;
  sources: Pick<SourceStore, 'read' | 'update'>;
  manifests: ManifestStore;
  devices: ObservedDevices;
  timeline: Pick<TimelineStore, 'appendToSource'>;
  settings: { current(sourceId: string): Promise<SettingsVersion> };
  /** What relays sent, and the connection to them. */
  relayRuns: Pick<RelayRunStore, 'read' | 'parts'>;
  link: RelayLink;
  /** The client of that source, shared within this process. */
  connect(source: SmartcloudSource): TravelerSource;
  gathers: Queue;
  evaluations: Queue;
  /** DynamoDB units counted in this process so far. */
  units(): { read: number; write: number };
  /** Epoch ms. */
  now(): number;
  pause(ms: number): Promise<void>;
  /** Runs `task` every `ms` milliseconds until the returned function is called. */
  every(ms: number, task: () => void): () => void;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

/** What a gather needs of its source. */
export type GatheredSource = Pick<TravelerSource, 'pages' | 'serverFacts' | 'requests' | 'detail'> & {
  /** `asked`: a relay was asked to write; a later gather finds the result. */
  writeSettings(wanted: ServerWish): Promise<'written' | 'unavailable' | 'asked'>;
};
export type ServerWish = Parameters<TravelerSource['writeSettings']>[0];

/** One gather in progress, in one invocation. */
export type Gathering = {
  source: SourceConfiguration;
  traveler: GatheredSource;
  /** The list that a relay read; null when the source is read from here. */
  relayed: RelayedList | null;
  /** Number of records processed concurrently. */
  concurrency: number;
  /** The list; its first page is already requested. May be called once. */
  pages(): AsyncIterable<DevicePage>;
  run: GatherRun;
  /** Start of the run (epoch ms), the same in all its invocations and retries: the time of its lines and of its rotation. */
  startedAt: number;
  fence: number;
  state: SourceState;
  settings: SettingsVersion;
  server: ServerFacts;
  stored: StoredManifest;
  manifest: Manifest;
  /** The id under which this run records existing devices; null when it records none. A repeated switch-on keeps the id. */
  baseline: string | null;
  /** Whether it must read the full record of every device, because none was read for this baseline yet. */
  everyDetail: boolean;
  /** Hashes of devices in a moving state: pending, wipe requested, action in progress. */
  moving: ReadonlySet<string>;
  /** It continues a run that has marked what it had not done yet as stale. */
  continued: boolean;
  /** Throws `FencedOff` when the lease is lost: called before every write. */
  guard(): void;
  mayGoOn(): boolean;
};
