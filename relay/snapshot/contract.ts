/**
 * What the relay remembers of its source between gathers: the snapshot that the cloud committed last (committed), and the one it
 * was sent and may have committed (pending), which is kept as the difference to the committed one, or whole where the cloud was
 * sent everything.
 *
 * - committed: entered when the cloud names the pending digest as what it has. Nothing else ever changes it.
 * - staging: a gather is writing; what it wrote means nothing until `complete` returned. Ended by `complete`, by `abandon`, by the
 *   next `begin`, or by a crash, which leaves nothing of it but what was asked for.
 * - pending: a complete run, on disk for good; its parts are the same however often they are asked for.
 *
 * Everything is on disk, so that memory does not grow with the fleet. Methods throw SnapshotFailure when the disk does not take
 * what is written (nothing is changed then), and SnapshotLost when the file was found broken: it was moved away, and the snapshot
 * is empty.
 */
import { z } from 'zod';
import { type ServerFacts, serverFacts } from '#domain/devices/source';
import type { Manifest } from '#domain/gather/manifest';
import type { RowFingerprint } from '#domain/gather/row-fingerprint';
import { type GatherCommand, gatherDigest, gatherTotals, type RelayedDevice } from '#domain/relay/relay-protocol';

/** As in `gatherEnd`. */
export type Totals = z.infer<typeof gatherTotals>;

export const runStart = z.object({
  runId: z.string().min(1),
  /** As the command named it: a repeated command is the same only with the same base. */
  askedBase: gatherDigest.nullable(),
  scope: z.enum(['full', 'delta']),
  /** Cloud's clock, epoch ms. */
  startedAt: z.number(),
});
export type RunStart = z.infer<typeof runStart>;

/** A run that is complete on disk. */
export const stagedRun = runStart.extend({
  server: serverFacts,
  totals: gatherTotals,
  /** Of everything the relay has with this run. */
  digest: gatherDigest,
  /** Devices in all of it. */
  devices: z.number().int(),
  parts: z.number().int(),
  /** The cloud has acknowledged every message of it; the `base` of its next command shows whether it committed it. */
  told: z.boolean(),
});
export type StagedRun = z.infer<typeof stagedRun>;

export const committedRun = z.object({ digest: gatherDigest, devices: z.number().int(), startedAt: z.number() });
export type CommittedRun = z.infer<typeof committedRun>;

/** A device as it is sent. */
export type Staged = {
  hash: string;
  /** With its detail, where one is known. */
  row: RelayedDevice;
  /** Of the row as the list had it, so that the next list can be compared; stale where its full record has still to be read. */
  listed: RowFingerprint;
  /** Its full record is read by every gather. */
  moving: boolean;
};

export type Staging = {
  stage(devices: readonly Staged[]): void;
  /** The list names them no more. */
  remove(hashes: readonly string[]): void;
  /** Cuts what was staged into parts. When it returns, the run is pending and outlasts a crash. */
  complete(run: { server: ServerFacts; totals: Totals }): StagedRun;
};

export type Part = { devices: RelayedDevice[]; removed: string[] };

export type Snapshot = {
  committed(): CommittedRun | null;
  pending(): StagedRun | null;
  /** The cloud has committed the pending run. */
  commit(): void;
  /** The cloud has acknowledged every message of this run, if it is still the pending one. */
  markAcknowledged(runId: string): void;
  /** Starts a run and forgets the pending one. A staging that is no longer the newest throws. `command`: asked for it; a restart reads it again. */
  begin(run: RunStart, command?: GatherCommand): Staging;
  /** What was begun and neither completed nor abandoned: in this process, or in one that ended in the middle of it. */
  begun(): GatherCommand | null;
  /** The run begun has failed, if it is this one. */
  abandon(runId: string): void;
  /** Prints of the committed rows as they were listed. */
  listed(): Manifest;
  /** Hashes of committed devices in a moving state. */
  moving(): ReadonlySet<string>;
  /** Hashes of devices that actions have written to since the last run that the cloud committed. */
  touched(): ReadonlySet<string>;
  /** A committed device as it was sent; null for none. */
  kept(hash: string): RelayedDevice | null;
  /** One part of the pending run; null when that run is not pending or has no such part. */
  part(runId: string, part: number): Part | null;
  /** An action has written to this device: what is known of it may be out of date, until a run that reads it is committed. */
  touch(hash: string): void;
  close(): void;
};
