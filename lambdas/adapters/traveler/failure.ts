/** What can go wrong between us and a Traveler server, as one kind of error that says what happened, where, and what to do. */
import type { FailureKind, Problem } from '#domain/devices/source';

/** `where` names the server and the kind of request, never a user or a device. */
export type Explanation = Pick<Problem, 'what' | 'where' | 'remedy'>;

type Particulars = { retryAfterMs?: number; unreachable?: boolean; secretVersion?: string; cause?: unknown };

/**
 * - `denied`: wrong credentials or missing rights; never tried again by itself.
 * - `transient`: no answer, or an answer that asks for patience; was tried again a few times already. `retryAfterMs` is what
 *   the server asked for, if it did.
 * - `busy`: a write was rejected for now, and not carried out; it was retried a few times already. `retryAfterMs` as above.
 * - `unknown`: a write got no answer, or failed in the middle, so that only reading back shows whether it took effect.
 * - `refused`: the server pointed us at another origin; the password stays here.
 * - `invalid`: this one record cannot be read; others may.
 * - `permanent`: login page, malformed or oversized answer, list that contradicts itself: trying again at once is useless.
 */
export class TravelerFailure extends Error {
  readonly kind: FailureKind;
  readonly problem: Explanation;
  readonly retryAfterMs: number | undefined;
  /** Nothing got through to the server at all: it is the source that fails, not the request. */
  readonly unreachable: boolean;
  /** Which version of the secret was rejected, where that is known. */
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

/** `denied`, and the password itself is the reason: repeating it could lock the account. */
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
