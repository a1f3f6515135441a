/** What can go wrong between us and a web service that is no mail server (portal, MaaS360), in the three parts a person reads. */
import type { FailureKind, Problem } from '#domain/devices/source';

/** `where` names the service and the kind of request, never a person or a device. */
export type Trouble = Pick<Problem, 'what' | 'where' | 'remedy'>;

/**
 * - `denied`: what we identify ourselves with is not accepted; asking again at once could lock an account.
 * - `busy`: the service asks for patience; `retryAfterMs` for how long, if it said so.
 * - `transient`: no answer, or a fault of the service; a later try may do.
 * - `permanent`: it does not talk as it should, or refuses what we send; only a person changes that.
 */
export class ServiceFailure extends Error {
  readonly kind: FailureKind;
  readonly trouble: Trouble;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, trouble: Trouble, { retryAfterMs, cause }: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(`${trouble.what} (${trouble.where}). ${trouble.remedy}`, { cause });
    this.name = 'ServiceFailure';
    this.kind = kind;
    this.trouble = trouble;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Any error as a problem to be stored and shown; what nobody foresaw is `unknown`. */
export function problemOf(error: unknown, { where, at }: { where: string; at: number }): Problem {
  if (error instanceof ServiceFailure) return { kind: error.kind, ...error.trouble, at };
  const what = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : 'An unknown error';
  return { kind: 'unknown', what, where, remedy: 'It is tried again by itself; if it stays, the function’s log says more.', at };
}
