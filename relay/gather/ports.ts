/** What gathering needs from outside, and what it offers to the rest of the relay. */
import type { DeviceKey } from '#domain/devices/device';
import type { RelaySource, Workers } from '../ports.ts';
import type { Snapshot } from '../snapshot/contract.ts';

/** The reading half of a RelaySource; the writing half is created elsewhere. */
export type Reads = Pick<RelaySource, 'pages' | 'read' | 'facts' | 'requests' | 'close'>;

export type GatherNeeds = {
  sourceId: string;
  source: Pick<Reads, 'pages' | 'read' | 'facts' | 'requests'>;
  snapshot: Snapshot;
  /** Full records requested at once. */
  concurrency: number;
  /** Epoch ms; only differences are used. */
  now(): number;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};

export type RelayGather = Pick<Workers, 'gather' | 'resend' | 'resume' | 'digest' | 'problems'> & {
  /** An action has written to this device: the next gather reads its full record. */
  touched(key: Pick<DeviceKey, 'user' | 'deviceId'>): void;
  /** Aborts the gather in progress, if any; what it has read so far is dropped, a complete run is kept. */
  stop(): void;
};
