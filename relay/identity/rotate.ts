/**
 * A new key without an outage: the new one is written down before the cloud hears of it, and becomes the one in use once the cloud
 * has taken it. The cloud takes both for ten minutes; a relay that runs uses the new one from its next connection on.
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
  // One that is left from a try without an answer may be known to the cloud already: the same again.
  const next = identity.nextKey ?? (await generateKey());
  writeIdentity(dataDir, { ...identity, nextKey: next });
  const { relayId, socketUrl, cloudUrl, key: current } = identity;
  const nonce = randomBytes(24).toString('base64url');
  const body = await rotationStatement({ current, next }, { relayId, socketUrl, now, nonce });
  await postToCloud(cloudUrl, '/relay/keys', { body, dispatcher });
  return promoteKey(dataDir);
}

/** The next key is the one in use from now on. */
export function promoteKey(dataDir: string): Identity {
  const identity = readIdentity(dataDir);
  const promoted = { ...identity, key: identity.nextKey ?? identity.key, nextKey: null };
  writeIdentity(dataDir, promoted);
  return promoted;
}
