/** The dependencies of the socket function, and the relay at the other end of a connection. */

import type { RunStore } from '#adapters/dynamodb/gather/runs';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { TimelineStore } from '#adapters/dynamodb/journal/timeline';
import type { RelayLeaseStore } from '#adapters/dynamodb/relays/relay-leases';
import type { RelayRunStore } from '#adapters/dynamodb/relays/relay-runs';
import type { RelayStore } from '#adapters/dynamodb/relays/relays';
import type { Queue } from '#adapters/queues';
import type { Post } from '#adapters/relay-link';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';

export type RelaySocketDependencies = {
  configuration: Pick<RuntimeConfiguration, 'sources' | 'gatherEveryMinutes'>;
  relays: Pick<RelayStore, 'read' | 'update' | 'updateConnected' | 'connected' | 'disconnected' | 'list'>;
  leases: RelayLeaseStore;
  relayRuns: Pick<RelayRunStore, 'store'>;
  runs: Pick<RunStore, 'request' | 'read' | 'lastRuns' | 'update'>;
  sources: Pick<SourceStore, 'read'>;
  timeline: Pick<TimelineStore, 'appendToSource'>;
  gathers: Queue;
  actions: Queue;
  evaluations: Queue;
  post: Post;
  /** Closes a connection. */
  cut(connectionId: string): Promise<void>;
  /** Counts an ignored message: of an unknown type, or invalid for its type. */
  ignored(): void;
  /** Signs the proof that this is the cloud that enrolled the relay (relay-identity.ts `proofClaims`). */
  prove(claims: { relayId: string; challenge: string; at: number }): Promise<string>;
  /** Epoch ms. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** No personal data, nothing secret. */
  log(level: 'info' | 'warn' | 'error', says: string, fields: Record<string, unknown>): void;
};

/** The relay at the other end of a connection, as the authoriser accepted it. */
export type Peer = { relayId: string; sourceId: string; connectionId: string };
