/** The dependencies of carrying out actions. */

import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { WipeCounts } from '#adapters/dynamodb/actions/wipe-counts';
import type { DevicesForActions } from '#adapters/dynamodb/devices/action-devices';
import type { SourceStore } from '#adapters/dynamodb/gather/sources';
import type { Queue } from '#adapters/queues';
import type { RelayLink } from '#adapters/relay-link';
import type { TravelerSource } from '#adapters/traveler/source';
import type { Attempt, Observation } from '#domain/actions/attempt';
import type { Device } from '#domain/devices/device';
import type { SourceState } from '#domain/devices/source';
import type { ActResult } from '#use-cases/actions/end-action';

/** What carrying out actions needs of a source. */
export type ActedSource = Pick<TravelerSource, 'detail' | 'approve' | 'block' | 'remove' | 'wipe' | 'cancelWipe'>;
/** Runs a request to a source when one of its slots is free: an action that waits for the database occupies no slot. */
export type Slots = <T>(request: () => Promise<T>) => Promise<T>;

export type Reach = { how: 'direct'; source: ActedSource } | { how: 'relay' } | { how: 'unconfigured' };

export type ActDependencies = {
  ledger: Pick<Ledger, 'read' | 'advance' | 'end' | 'openOf'>;
  devices: DevicesForActions;
  sources: Pick<SourceStore, 'read' | 'updateFrom'>;
  wipes: WipeCounts;
  /** How many wipes of one source are sent within an hour without a second confirmation. */
  maxWipesPerHour: number;
  reach(sourceId: string): Reach;
  /** The connection to the relays of on-premises sources. */
  link: RelayLink;
  evaluations: Queue;
  /** Alerts the operator: once for each problem of a source, never per action. No personal data. */
  alarm(says: string, fields: Record<string, unknown>): void;
  /** Epoch ms. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  pause(ms: number): Promise<void>;
  /** Names this worker in its claims. */
  worker: string;
};

/** One attempt at one action, with everything needed to carry it out. */
export type Try = {
  attempt: Pick<Attempt, 'via' | 'tried'> & {
    action: LedgerAction;
    device: Device | null;
    open: readonly LedgerAction[];
    source: SourceState;
  };
  reach: Reach;
  slots: Slots;
  /** When the message was put in the queue (epoch ms). */
  queuedAt: number;
  /** When this worker ends at the latest (epoch ms). */
  until: number;
};

/** The result of a step: the attempt is over, or there is a new observation to decide on. */
export type Performed = { result: ActResult } | { held: Try; observed: Observation };
