/** Which key the relay connects with. After a rotation whose response was lost, only a try shows which one the cloud knows. */
import type { PrivateKey } from '#adapters/relay-identity';
import { type Identity, readIdentity } from '../identity/identity.ts';
import { promoteKey } from '../identity/rotate.ts';

export type ConnectionKeys = {
  /** Read for each connection: the key may have been rotated, or the relay enrolled again. */
  forTry(): { identity: Identity; key: PrivateKey };
  refused(): void;
  accepted(): void;
};

export function createConnectionKeys(dataDir: string): ConnectionKeys {
  let useNext = false;
  return {
    forTry() {
      const identity = readIdentity(dataDir);
      useNext = useNext && identity.nextKey !== null;
      return { identity, key: (useNext ? identity.nextKey : null) ?? identity.key };
    },
    refused() {
      useNext = !useNext;
    },
    accepted() {
      if (useNext) promoteKey(dataDir);
      useNext = false;
    },
  };
}
