/** Opens a socket to the cloud with the current identity and key, and learns from the response which key the cloud knows. */
import { randomBytes } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { connectStatement } from '#adapters/relay-identity';
import { type OpenConnection, openSocket } from '../connection/socket.ts';
import type { Identity } from '../identity/identity.ts';
import type { Log } from '../log/log.ts';
import { logFailure } from '../log/log-failure.ts';
import type { ConnectionKeys } from './connection-key.ts';

export type OpenConnectionOptions = {
  keys: ConnectionKeys;
  dispatcher: Dispatcher;
  log: Log;
  /** The cloud's clock, epoch ms. */
  cloudNow(): number;
  /** The identity used for this try. */
  trying(identity: Identity): void;
};

export function connectionOpener({ keys, dispatcher, log, cloudNow, trying }: OpenConnectionOptions): OpenConnection {
  return async (events) => {
    const { identity, key } = keys.forTry();
    trying(identity);
    const { relayId, socketUrl } = identity;
    const nonce = randomBytes(24).toString('base64url');
    const statement = await connectStatement(key, { relayId, socketUrl, now: cloudNow(), nonce });
    return openSocket(
      { url: socketUrl, authorization: `Bearer ${statement}`, dispatcher },
      {
        ...events,
        opened() {
          acceptKey(keys, log);
          events.opened();
        },
        ended(ending) {
          if (ending.why === 'refused') keys.refused();
          events.ended(ending);
        },
      },
    );
  };
}

/** If the key cannot be stored now, it is accepted again with the next connection. */
function acceptKey(keys: ConnectionKeys, log: Log): void {
  try {
    keys.accepted();
  } catch (error) {
    logFailure(log, 'the key that the cloud accepted could not be stored', { error });
  }
}
