/** State of the relay's action half while it runs (modes and invariants: relay-actions.ts), and how it reports errors. */
import type { LimitFunction } from 'p-limit';
import { TravelerFailure } from '#adapters/traveler/failure';
import type { RelayProblem } from '#domain/relay/relay-protocol';
import { type ActionJournal, type AttemptKey, JournalFailure } from '../journal/action-journal.ts';
import type { KeyedQueue } from '../keyed-queue.ts';
import type { Log } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import type { OutgoingMessage, RelaySource } from '../ports.ts';
import type { CurrentProblems } from './current-problems.ts';
import { describeProblem } from './describe-problem.ts';

export type ActingState = {
  readonly source: RelaySource;
  readonly journal: ActionJournal;
  readonly log: Log;
  /** Epoch ms of this machine's clock. */
  now(): number;
  /** Rejects with Stopped when the relay stops. */
  pause(ms: number): Promise<void>;
  readonly problems: CurrentProblems;
  readonly devices: KeyedQueue;
  readonly deliveries: LimitFunction;
  /** Attempts in progress, and those whose result is being delivered: a second request for one changes nothing. */
  readonly inProgress: Set<string>;
  readonly delivering: Set<string>;
  /** Refusals of commands that could not be journaled. The same command again gets the same refusal. */
  readonly refused: Map<string, OutgoingMessage>;
  readonly background: Set<Promise<unknown>>;
  readonly stopping: AbortController;
  ending: boolean;
  recovered: Promise<void> | null;
  resuming: Promise<void> | null;
  /** Unexpected errors so far. */
  unexpected: number;
};

export class Stopped extends Error {
  override name = 'Stopped';
}

export const nameOf = ({ actionId, attempt }: AttemptKey): string => JSON.stringify([actionId, attempt]);

/** Where an error happened, for the log: no user, no device. */
export type Where = { what: string; actionId?: string; attempt?: number };

/**
 * Describes the error as a problem. An unexpected error is logged with its cause and stays a current problem until an attempt
 * succeeds; a journal error is logged once until the journal works again; a server error is only returned, as part of the outcome.
 */
export function report(state: ActingState, error: unknown, { what, ...where }: Where): RelayProblem {
  const problem = describeProblem(error);
  if (error instanceof TravelerFailure) return problem;
  if (error instanceof JournalFailure) {
    if (!state.problems.has('journal')) logFailure(state.log, `${what} failed: the journal cannot be used`, { ...where, error });
    state.problems.set('journal', problem);
    return problem;
  }
  state.unexpected++;
  logFailure(state.log, `${what} ended in an unexpected error`, { ...where, error });
  state.problems.set('relay', problem);
  return problem;
}

/** Runs work that only `stop` waits for. Its error is reported, unless it is Stopped. */
export function keep(state: ActingState, work: Promise<unknown>, where: Where): void {
  const kept: Promise<unknown> = work
    .catch((error: unknown) => {
      if (!(error instanceof Stopped)) report(state, error, where);
    })
    .finally(() => state.background.delete(kept));
  state.background.add(kept);
}
