/** The cloud's identity towards its relays, from the one secret that it rests on. */
import { cloudIdentity } from '#adapters/relay-identity';
import { secretText } from '#adapters/secret-text';

/** Read when first asked for, and kept; a failure is not kept. */
export function cloudIdentityOf(secretName: string): () => Promise<ReturnType<typeof cloudIdentity>> {
  const read = secretText(secretName);
  return async () => cloudIdentity(await read());
}
