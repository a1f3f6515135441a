/**
 * The relay's record of each attempt at each action, so that each takes effect exactly once however often it is requested, and
 * whenever the relay is killed. Once a call has resolved, its change is on disk.
 *
 * received → started (just before the write) → written (the server accepted it) → done (the outcome) → acknowledged (the cloud has the result).
 * Each step is recorded once; repeating it changes nothing. An entry that is not acknowledged is never dropped.
 */
import { z } from 'zod';
import { deviceDetail } from '#domain/devices/device';
import { actionCommand, actionOutcome, relayResult } from '#domain/relay/relay-protocol';

export type AttemptKey = { actionId: string; attempt: number };

export const journalEntry = z.object({
  command: actionCommand,
  /** Times are epoch ms of the relay's own clock. */
  receivedAt: z.number(),
  /** When the write started: the last one, if one that may not have been sent was repeated. */
  startedAt: z.number().nullable(),
  /** What the server showed before the first write. */
  before: deviceDetail.nullable(),
  writtenAt: z.number().nullable(),
  done: z.object({ outcome: actionOutcome, took: relayResult.shape.took, at: z.number() }).nullable(),
  toldAt: z.number().nullable(),
});
export type JournalEntry = z.infer<typeof journalEntry>;

/** Every call rejects with JournalFailure if it cannot be written (a full disk); none of it is then stored. */
export type ActionJournal = {
  /** Returns the stored entry: a known attempt stays as it was first received. */
  received(command: JournalEntry['command'], at: number): Promise<JournalEntry>;
  /** Called before each write. `before` is kept from the first: a later state may already show its effect. */
  started(key: AttemptKey, step: { before: NonNullable<JournalEntry['before']>; at: number }): Promise<void>;
  written(key: AttemptKey, at: number): Promise<void>;
  done(key: AttemptKey, done: NonNullable<JournalEntry['done']>): Promise<void>;
  acknowledged(key: AttemptKey, at: number): Promise<void>;
  /** All known attempts of an action, ordered by attempt. */
  attemptsOf(actionId: string): Promise<JournalEntry[]>;
  /** Not done, in order of arrival. */
  open(): Promise<JournalEntry[]>;
  /** Done and not acknowledged, in order of arrival; at most `limit`, of those that arrived after `after`. */
  unacknowledged(page: { limit: number; after: AttemptKey | null }): Promise<JournalEntry[]>;
  /** Total number of entries. */
  size(): Promise<number>;
  close(): Promise<void>;
};

/** How long and how many acknowledged entries are kept: longer than any deadline of an action, and bounded. */
export type Retention = { forMs: number; entries: number };
export const usualRetention: Retention = { forMs: 30 * 86_400_000, entries: 20_000 };

export class JournalFailure extends Error {
  override name = 'JournalFailure';
}
