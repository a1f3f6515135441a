/** User and password for the Traveler server; a password changed on disk takes effect without a restart. */
import type { CredentialsReader } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';
import { loadConfiguration } from '../configuration/load.ts';
import type { Log } from '../log/log.ts';

const keptMs = 30_000;

/** If the configuration has become invalid, the credentials read last stay in use. */
export function configuredCredentials(
  file: string,
  { log, now = Date.now }: { log: Log; now?: () => number },
): CredentialsReader {
  let kept = { credentials: loadConfiguration(file).traveler.credentials, until: now() + keptMs };

  function refresh(): void {
    kept = { ...kept, until: now() + keptMs };
    try {
      kept = { ...kept, credentials: loadConfiguration(file).traveler.credentials };
    } catch (error) {
      log.warn('the configuration is not right any more; the former one stays in use', { error: String(error) });
    }
  }

  return async ({ anew } = { anew: false }) => {
    if (anew || now() >= kept.until) refresh();
    if (kept.credentials) return kept.credentials;
    throw new TravelerFailure('permanent', {
      what: 'No user and password are configured for the Traveler server',
      where: 'relay.json',
      remedy: 'Set traveler.credentials.',
    });
  };
}
