/**
 * A new key without an outage: the new key is stored before the cloud learns of it, and becomes the current one once the cloud has
 * accepted it. The cloud accepts both for ten minutes; a running relay uses the new one from its next connection on.
 */
import { randomBytes } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { generateKey, rotationStatement } from '#adapters/relay-identity';
import { postToCloud } from './cloud-request.ts';
import { type Identity, readIdentity, writeIdentity } from './identity.ts';

/** `now`: epoch ms. Throws RelayRefusal; the old key then stays in use. */
export async function rotateKey(
  dataDir: string,
  { dispatcher, now }: { dispatcher: Dispatcher; now: number },
): Promise<Identity> {
  const identity = readIdentity(dataDir);
  // A key left over from a try without a response may already be known to the cloud: send the same one again.
  const next = identity.nextKey ?? (await generateKey());
  writeIdentity(dataDir, { ...identity, nextKey: next });
  const { relayId, socketUrl, cloudUrl, key: current } = identity;
  const nonce = randomBytes(24).toString('base64url');
  const body = await rotationStatement({ current, next }, { relayId, socketUrl, now, nonce });
  await postToCloud(cloudUrl, '/relay/keys', { body, dispatcher });
  return promoteKey(dataDir);
}

/** Makes the next key the current one. */
export function promoteKey(dataDir: string): Identity {
  const identity = readIdentity(dataDir);
  const promoted = { ...identity, key: identity.nextKey ?? identity.key, nextKey: null };
  writeIdentity(dataDir, promoted);
  return promoted;
}
