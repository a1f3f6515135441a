/** What the acting half of the relay holds while it runs (relay-actions.ts has its modes and invariants), and its way to fail. */
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
  /** Rejects with Stopped when the relay is to end. */
  pause(ms: number): Promise<void>;
  readonly problems: CurrentProblems;
  readonly devices: KeyedQueue;
  readonly deliveries: LimitFunction;
  /** Attempts in hand, and those whose result is being delivered: a second request for one changes nothing. */
  readonly inHand: Set<string>;
  readonly delivering: Set<string>;
  /** What could not be journaled, with the answer: asked for again, it is answered so again. */
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
 * The error as a problem. An unexpected one is logged with its cause and stays among the current problems until an attempt succeeds;
 * one of the journal is logged once until the journal works again; one of the server is reported by what comes of it.
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

/** Work that nobody waits for but `stop`. Its error is reported; that the relay stops is none. */
export function keep(state: ActingState, work: Promise<unknown>, where: Where): void {
  const kept: Promise<unknown> = work
    .catch((error: unknown) => {
      if (!(error instanceof Stopped)) report(state, error, where);
    })
    .finally(() => state.background.delete(kept));
  state.background.add(kept);
}
