/** Failures between us and a web service other than a mail server (portal, MaaS360): what happened, where, and what to do. */
import type { FailureKind, Problem } from '#domain/devices/source';

/** `where` names the service and the kind of request, never a person or a device. */
export type Explanation = Pick<Problem, 'what' | 'where' | 'remedy'>;

/**
 * - `denied`: our credentials are not accepted; an immediate retry could lock an account.
 * - `busy`: the service asks us to wait; `retryAfterMs`: for how long, if it said so.
 * - `transient`: no response, or a fault of the service; a later retry may succeed.
 * - `permanent`: unexpected responses, or it rejects what we send; a retry is useless until a person changes something.
 */
export class ServiceFailure extends Error {
  readonly kind: FailureKind;
  readonly trouble: Explanation;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    explanation: Explanation,
    { retryAfterMs, cause }: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(`${explanation.what} (${explanation.where}). ${explanation.remedy}`, { cause });
    this.name = 'ServiceFailure';
    this.kind = kind;
    this.trouble = explanation;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Any error as a problem to be stored and shown; an unexpected error is `unknown`. `at`: epoch ms. */
export function problemOf(error: unknown, { where, at }: { where: string; at: number }): Problem {
  if (error instanceof ServiceFailure) return { kind: error.kind, ...error.trouble, at };
  const what = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : 'An unknown error';
  return { kind: 'unknown', what, where, remedy: 'It is tried again by itself; if it stays, the function’s log says more.', at };
}
