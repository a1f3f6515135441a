/** Unexpected errors of the session: logged, and listed as problems until the same work succeeds. */
import type { Log } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';

export type Failures = {
  failed(work: string, error: unknown): void;
  succeeded(work: string): void;
  /** One for each kind of work that failed last. Names no user and no device. */
  sentences(): string[];
};

export function createFailures(log: Log): Failures {
  const failing = new Map<string, string>();
  return {
    failed(work, error) {
      failing.set(work, error instanceof Error ? error.name : typeof error);
      logFailure(log, `${work} ended in an unexpected error`, { error });
    },
    succeeded: (work) => {
      failing.delete(work);
    },
    sentences: () =>
      [...failing].map(([work, name]) => `The relay failed unexpectedly (${work}: ${name}). Its log says why; it tries again.`),
  };
}
