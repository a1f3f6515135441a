/**
 * Sends a wrong password to the server once, not once per device: repetition locks accounts.
 *
 * For one user and password:
 * - `unproven`: entered with new credentials. One request is sent alone; the others wait for its result.
 * - `open`: entered when that request was not rejected. Requests are sent freely.
 * - `denied`: entered when the server rejects the password (401). Every request fails at once with that failure, until
 *   `holdOffMs` have passed or other credentials arrive; then `unproven` again.
 */

import type { CredentialsReader } from './contract.ts';
import { type TravelerFailure, WrongCredentials } from './failure.ts';

type Mode = { mode: 'unproven' | 'open' } | { mode: 'denied'; failure: TravelerFailure; until: number };

export type CredentialGate = {
  /** Calls `request` with the Authorization header's value as soon as it may be sent. Throws TravelerFailure. */
  admit<T>(request: (authorization: string) => Promise<T>): Promise<T>;
  /**
   * To be called when the server rejects a request with this header value. Returns the failure with the version of the secret.
   */
  noteRejection(authorization: string, failure: WrongCredentials): TravelerFailure;
};

const holdOffMs = 5 * 60_000;

export function credentialGate(credentials: CredentialsReader, now: () => number): CredentialGate {
  let current: Mode = { mode: 'unproven' };
  let known = '';
  let version: string | undefined;
  let probe: Promise<unknown> | null = null;

  async function authorization(): Promise<string> {
    const { user, password, version: read } = await credentials({ anew: current.mode === 'denied' });
    const value = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
    const isHoldOffOver = current.mode === 'denied' && now() >= current.until;
    if (value !== known || isHoldOffOver) current = { mode: 'unproven' };
    known = value;
    version = read;
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
    noteRejection(value, failure) {
      if (value !== known) return failure;
      const rejected = version === undefined ? failure : new WrongCredentials(failure.problem.where, { secretVersion: version });
      current = { mode: 'denied', failure: rejected, until: now() + holdOffMs };
      return rejected;
    },
  };
}
