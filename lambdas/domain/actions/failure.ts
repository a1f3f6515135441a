/**
 * What happens to an action when something goes wrong, in one table: by the kind of failure, and by whether we were reading
 * or had begun to write. A kind that nobody foresaw reads as `unknown`, and unknown means: again.
 */
import type { FailureKind, Problem } from '#domain/devices/source';

/**
 * A failed request to a source: `message` for a person, `retryAfterMs` if the server asked for patience. `unreachable`: nothing got
 * through to the server. `secretVersion`: which version of the secret was rejected.
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
 * - `retry`: the action waits and goes out again, until its deadline.
 * - `stop-source`: as `retry`, and the whole source is left alone for a while: one wrong password, one alarm.
 * - `reconcile`: the effect may or may not be there; only reading the device decides.
 * - `fail`: the action ends, with a sentence that a person can act on.
 */
export type Consequence = 'retry' | 'stop-source' | 'reconcile' | 'fail';

export const consequences: { [K in FailureKind]: { reading: Exclude<Consequence, 'reconcile'>; writing: Consequence } } = {
  /** The server cannot be reached or asks for patience. */
  busy: { reading: 'retry', writing: 'retry' },
  /** A write without an answer may have reached it. */
  transient: { reading: 'retry', writing: 'reconcile' },
  unknown: { reading: 'retry', writing: 'reconcile' },
  /** Reading is turned away: the password. Only writing is: the account lacks the right, and asking again gives it none. */
  denied: { reading: 'stop-source', writing: 'fail' },
  /** The server does not talk as a Traveler server does (login page, nonsense): says nothing about this action. */
  permanent: { reading: 'retry', writing: 'fail' },
  /** This record cannot be read; a later gather may bring a readable one. */
  invalid: { reading: 'retry', writing: 'fail' },
  /** The record's address leads to another server: nothing goes there. */
  refused: { reading: 'fail', writing: 'fail' },
};
