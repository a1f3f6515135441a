/** What gathering needs from outside, and what it offers to the rest of the relay. */
import type { DeviceKey } from '#domain/devices/device';
import type { RelaySource, Workers } from '../ports.ts';
import type { Snapshot } from '../snapshot/contract.ts';

/** What reads a source; the writing half of a RelaySource is made elsewhere. */
export type Reads = Pick<RelaySource, 'pages' | 'read' | 'facts' | 'requests' | 'close'>;

export type GatherNeeds = {
  sourceId: string;
  source: Pick<Reads, 'pages' | 'read' | 'facts' | 'requests'>;
  snapshot: Snapshot;
  /** Full records asked for at once. */
  concurrency: number;
  /** Epoch ms; only differences of it are used. */
  now(): number;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

export type RelayGather = Pick<Workers, 'gather' | 'resend' | 'resume' | 'digest' | 'problems'> & {
  /** An action has written to this device: the next gather reads its full record. */
  touched(key: Pick<DeviceKey, 'user' | 'deviceId'>): void;
  /** Ends the gather under way, if there is one; what it has read so far is forgotten, what was complete is kept. */
  stop(): void;
};
