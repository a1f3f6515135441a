/**
 * What happens to an action after a failure, in one table: by the kind of failure, and by whether we were reading or writing. An
 * unforeseen kind reads as `unknown`, which is retried.
 */
import type { FailureKind, Problem } from '#domain/devices/source';

/**
 * A failed request to a source: `message` for a person, `retryAfterMs` if the server asked us to wait. `unreachable`: the request
 * did not reach the server. `secretVersion`: the version of the secret that was rejected.
 */
export type SourceFailure = {
  kind: FailureKind;
  message: string;
  problem: Pick<Problem, 'what' | 'where' | 'remedy'>;
  retryAfterMs?: number | undefined;
  unreachable: boolean;
  secretVersion?: string | undefined;
};

/**
 * - `retry`: the action waits and is sent again, until its deadline.
 * - `stop-source`: as `retry`, and the whole source is paused: one wrong password, one alarm.
 * - `reconcile`: the effect may or may not be there; only reading the device decides.
 * - `fail`: the action ends, with a sentence that a person can act on.
 */
export type Consequence = 'retry' | 'stop-source' | 'reconcile' | 'fail';

export const consequences: { [K in FailureKind]: { reading: Exclude<Consequence, 'reconcile'>; writing: Consequence } } = {
  /** The server cannot be reached or asks us to wait. */
  busy: { reading: 'retry', writing: 'retry' },
  /** A write without an answer may have reached it. */
  transient: { reading: 'retry', writing: 'reconcile' },
  unknown: { reading: 'retry', writing: 'reconcile' },
  /** Reading is rejected: the credentials are wrong. Only writing is: the account lacks the right, and a retry does not help. */
  denied: { reading: 'stop-source', writing: 'fail' },
  /** The server does not respond like a Traveler server (login page, nonsense): this says nothing about the action. */
  permanent: { reading: 'retry', writing: 'fail' },
  /** This record cannot be parsed; a later gather may find a readable one. */
  invalid: { reading: 'retry', writing: 'fail' },
  /** The record's address leads to another server: nothing is sent there. */
  refused: { reading: 'fail', writing: 'fail' },
};
