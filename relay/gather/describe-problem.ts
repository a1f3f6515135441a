/** Describes an error for the cloud and for administrators: no user, no device, no secret. */
import { TravelerFailure, WrongCredentials } from '#adapters/traveler/failure';
import type { RelayProblem } from '#domain/relay/relay-protocol';
import { SnapshotFailure, SnapshotLost } from '../snapshot/failure.ts';

export function describeProblem(error: unknown): RelayProblem {
  if (error instanceof WrongCredentials) return { ...ofTraveler(error), remedy: atTheRelay };
  if (error instanceof TravelerFailure) return ofTraveler(error);
  if (error instanceof SnapshotFailure) return { kind: 'permanent', ...error.problem, unreachable: false };
  if (error instanceof SnapshotLost) return lost;
  return {
    kind: 'unknown',
    what: 'The relay failed in a way that nobody foresaw',
    where: 'gather at the relay',
    remedy: 'It is tried again by itself. If this lasts, the relay’s own log on its machine says what happened.',
    unreachable: false,
  };
}

function ofTraveler({ kind, problem, retryAfterMs, unreachable }: TravelerFailure): RelayProblem {
  return { kind, ...problem, unreachable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

const lost: RelayProblem = {
  kind: 'transient',
  what: 'What the relay knew of the source was broken on its disk; it was set aside',
  where: 'data directory of the relay',
  remedy: 'The next gather reads and sends everything anew. If it happens again, have the disk of that machine checked.',
  unreachable: false,
};

const atTheRelay =
  'Correct them in the relay’s configuration on its machine (traveler.credentials) and restart it. No further try is made with the same password for now, so that the account is not locked.';

/** One sentence for the relay's health. */
export const sentence = ({ what, remedy }: RelayProblem): string => `${what.replace(/\.$/, '')}. ${remedy}`;
