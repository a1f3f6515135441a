/** Describes an error for the cloud: what, where, what to do; never a user, a device or a secret. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { RelayProblem } from '#domain/relay/relay-protocol';
import { JournalFailure } from '../journal/action-journal.ts';

export function describeProblem(error: unknown): RelayProblem {
  if (error instanceof TravelerFailure) {
    const { kind, problem, retryAfterMs, unreachable } = error;
    return { kind, ...problem, unreachable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  if (error instanceof JournalFailure)
    return {
      kind: 'busy',
      what: 'The relay cannot write to its journal, so it begins nothing',
      where: 'relay',
      remedy: error.message,
      unreachable: false,
    };
  // Its message could contain anything.
  const name = error instanceof Error ? error.name : typeof error;
  return own(
    `The relay failed in a way that was not foreseen (${name})`,
    'The device is looked at again. Tell the vendor of it.',
  );
}

export const sentence = ({ what, where, remedy }: RelayProblem): string => `${what} (${where}). ${remedy}`;

const own = (what: string, remedy: string): RelayProblem => ({
  kind: 'unknown',
  what,
  where: 'relay',
  remedy,
  unreachable: false,
});
const readAgain = 'The device is read again to see whether it took effect.';

/** For an attempt that was interrupted between its start and its end. */
export const interrupted = own('The relay was stopped in the middle of this, and nobody knows whether it took effect', readAgain);
export const lostWipe = own(
  'The relay was stopped while it sent the wipe, and the server shows none pending: it was not sent a second time',
  'The device is read again before anything is sent; if it was wiped and set up anew meanwhile, nothing is.',
);
export const notWrittenAgain = own(
  'The relay was stopped in the middle of this; the effect is not there, and it may not be written any more',
  readAgain,
);
export const notHolding: RelayProblem = {
  kind: 'busy',
  what: 'This relay does not hold the lease of its source, so it wrote nothing',
  where: 'relay',
  remedy: 'It is asked for again where the lease is.',
  unreachable: false,
};
