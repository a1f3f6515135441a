/**
 * What the relay remembers of its source between gathers: the snapshot that the cloud committed last (committed), and the one that
 * was sent and that the cloud may have committed (pending), which is stored as the difference from the committed one, or whole if
 * everything was sent.
 *
 * - committed: entered when the cloud names the pending digest as what it has. Nothing else ever changes it.
 * - staging: a gather is writing; what it wrote counts only once `complete` has returned. Ended by `complete`, by `abandon`, by the
 *   next `begin`, or by a crash, which leaves only the command that requested it.
 * - pending: a complete run, durably on disk; its parts are the same however often they are read.
 *
 * Everything is on disk, so that memory does not grow with the fleet. Methods throw SnapshotFailure if the disk cannot be written to
 * (nothing is changed then), and SnapshotLost if the file was found to be broken: it was moved away, and the snapshot is empty.
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
  /** Digest of everything the relay has, including this run. */
  digest: gatherDigest,
  /** Number of devices in all of it. */
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
  /** With its detail, if one is known. */
  row: RelayedDevice;
  /** Fingerprint of the row as the list had it, for comparison with the next list; stale if its full record has still to be read. */
  listed: RowFingerprint;
  /** Every gather reads its full record. */
  moving: boolean;
};

export type Staging = {
  stage(devices: readonly Staged[]): void;
  /** The list no longer contains them. */
  remove(hashes: readonly string[]): void;
  /** Cuts what was staged into parts. When it returns, the run is pending and survives a crash. */
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
  /** Starts a run and drops the pending one. Older stagings throw from then on. `command`: requested it; a restart reads it again. */
  begin(run: RunStart, command?: GatherCommand): Staging;
  /** A run that was begun and neither completed nor abandoned: in this process, or in one that ended in the middle of it. */
  begun(): GatherCommand | null;
  /** The run has failed, if it is the one that was begun. */
  abandon(runId: string): void;
  /** Fingerprints of the committed rows, as they were listed. */
  listed(): Manifest;
  /** Hashes of committed devices in a moving state. */
  moving(): ReadonlySet<string>;
  /** Hashes of devices that actions have written to since the last run that the cloud committed. */
  touched(): ReadonlySet<string>;
  /** A committed device as it was sent; null if there is none. */
  kept(hash: string): RelayedDevice | null;
  /** One part of the pending run; null if that run is not pending or has no such part. */
  part(runId: string, part: number): Part | null;
  /** An action has written to this device: what is known of it may be out of date, until a run that reads it is committed. */
  touch(hash: string): void;
  close(): void;
};
