/** Failures between us and a Traveler server, as one error type that says what happened, where, and what to do. */
import type { FailureKind, Problem } from '#domain/devices/source';

/** `where` names the server and the kind of request, never a user or a device. */
export type Explanation = Pick<Problem, 'what' | 'where' | 'remedy'>;

type Particulars = { retryAfterMs?: number; unreachable?: boolean; secretVersion?: string; cause?: unknown };

/**
 * - `denied`: wrong credentials or missing rights; never retried automatically.
 * - `transient`: no response, or one that asks us to wait; already retried a few times. `retryAfterMs`: what the server asked
 *   for, if it did.
 * - `busy`: a write was rejected for now, and not carried out; already retried a few times. `retryAfterMs` as above.
 * - `unknown`: a write got no response, or failed in the middle, so only reading back shows whether it took effect.
 * - `refused`: the server pointed to another origin, which must not get the password.
 * - `invalid`: this record cannot be read; others may be readable.
 * - `permanent`: login page, malformed or oversized response, inconsistent list: an immediate retry is useless.
 */
export class TravelerFailure extends Error {
  readonly kind: FailureKind;
  readonly problem: Explanation;
  readonly retryAfterMs: number | undefined;
  /** The server was not reached at all: the source fails, not the request. */
  readonly unreachable: boolean;
  /** The version of the secret that was rejected, if known. */
  readonly secretVersion: string | undefined;

  constructor(
    kind: FailureKind,
    problem: Explanation,
    { retryAfterMs, unreachable = false, secretVersion, cause }: Particulars = {},
  ) {
    super(`${problem.what} (${problem.where}). ${problem.remedy}`, { cause });
    this.name = 'TravelerFailure';
    this.kind = kind;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
    this.unreachable = unreachable;
    this.secretVersion = secretVersion;
  }
}

/** `denied` because of the password: a retry could lock the account. */
export class WrongCredentials extends TravelerFailure {
  constructor(where: string, { secretVersion }: { secretVersion?: string } = {}) {
    const problem = {
      what: 'The server does not accept the user name and password (401)',
      where,
      remedy:
        'Correct them in the secret of this source: it is tried at once. No further try is made with the same password for now, so that the account is not locked.',
    };
    super('denied', problem, secretVersion === undefined ? {} : { secretVersion });
  }
}
