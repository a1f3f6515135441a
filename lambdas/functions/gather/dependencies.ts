/** What a gather needs from outside, and what one gather carries along from step to step. */

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
  /** What relays sent, and the way to them. */
  relayRuns: Pick<RelayRunStore, 'read' | 'parts'>;
  link: RelayLink;
  /** A client of that source, shared by all that work on it in this process. */
  connect(source: SmartcloudSource): TravelerSource;
  gathers: Queue;
  evaluations: Queue;
  /** DynamoDB units counted in this process so far. */
  units(): { read: number; write: number };
  /** Epoch ms. */
  now(): number;
  pause(ms: number): Promise<void>;
  /** Runs `task` every so often until the returned function is called. */
  every(ms: number, task: () => void): () => void;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

/** What a gather asks of its source. */
export type GatheredSource = Pick<TravelerSource, 'pages' | 'serverFacts' | 'requests' | 'detail'> & {
  /** `asked`: a relay was told to; a later gather finds what came of it. */
  writeSettings(wanted: ServerWish): Promise<'written' | 'unavailable' | 'asked'>;
};
export type ServerWish = Parameters<TravelerSource['writeSettings']>[0];

/** One gather under way, in one invocation. */
export type Gathering = {
  source: SourceConfiguration;
  traveler: GatheredSource;
  /** Read by a relay; null where the source is read from here. */
  relayed: RelayedList | null;
  /** Records looked at side by side. */
  concurrency: number;
  /** The list, its first page asked for already. Once. */
  pages(): AsyncIterable<DevicePage>;
  run: GatherRun;
  /** Start of the run, the same in every invocation and repetition of it: what its lines and rotation go by. */
  startedAt: number;
  fence: number;
  state: SourceState;
  settings: SettingsVersion;
  server: ServerFacts;
  stored: StoredManifest;
  manifest: Manifest;
  /** Under which id this run records existing devices; null when it records none. A repeated switch-on keeps the id. */
  baseline: string | null;
  /** Does it owe the full record of every device, because none was looked at for this baseline yet? */
  everyDetail: boolean;
  /** Hashes of devices in a moving state: pending, wipe requested, action in flight. */
  moving: ReadonlySet<string>;
  /** It continues a run that had marked as stale whatever it still owed. */
  continued: boolean;
  /** Throws `FencedOff` when the lease is no longer ours: called before everything that is written. */
  guard(): void;
  mayGoOn(): boolean;
};
