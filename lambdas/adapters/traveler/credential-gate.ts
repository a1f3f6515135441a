/**
 * Sees to it that a wrong password reaches the server once, not once per device: accounts are locked by repetition.
 *
 * For one user and password:
 * - `unproven`: entered with new credentials. One request goes out alone; the others wait for how it ends.
 * - `open`: entered when that request was not turned away. Requests go out freely.
 * - `denied`: entered when the server turns the password away (401). Every request fails at once with that failure, until
 *   `holdOffMs` have passed or other credentials arrive; then `unproven` again.
 */

import type { Credentials } from './contract.ts';
import type { TravelerFailure } from './failure.ts';

type Mode = { mode: 'unproven' | 'open' } | { mode: 'denied'; failure: TravelerFailure; until: number };

export type CredentialGate = {
  /** Calls `request` with the Authorization header's value when it may go out. */
  admit<T>(request: (authorization: string) => Promise<T>): Promise<T>;
  /** The server turned away a request that went out with this header value. */
  turnedAway(authorization: string, failure: TravelerFailure): void;
};

const holdOffMs = 5 * 60_000;

export function credentialGate(credentials: () => Promise<Credentials>, now: () => number): CredentialGate {
  let current: Mode = { mode: 'unproven' };
  let known = '';
  let probe: Promise<unknown> | null = null;

  async function authorization(): Promise<string> {
    const { user, password } = await credentials();
    const value = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
    const forgiven = current.mode === 'denied' && now() >= current.until;
    if (value !== known || forgiven) current = { mode: 'unproven' };
    known = value;
    return value;
  }

  return {
    async admit(request) {
      const value = await authorization();
      while (current.mode === 'unproven' && probe) await probe;
      if (current.mode === 'denied') throw current.failure;
      if (current.mode === 'open') return request(value);
      const attempt = request(value);
      probe = attempt
        .catch(() => undefined)
        .then(() => {
          probe = null;
          if (current.mode === 'unproven') current = { mode: 'open' };
        });
      return attempt;
    },
    turnedAway(value, failure) {
      if (value === known) current = { mode: 'denied', failure, until: now() + holdOffMs };
    },
  };
}
