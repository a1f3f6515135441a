/** The cloud's identity towards its relays, derived from its secret. */
import { cloudIdentity } from '#adapters/relay-identity';
import { secretText } from '#adapters/secret-text';

/** Read when first needed, and cached; a failure is not cached. */
export function cloudIdentityOf(secretName: string): () => Promise<ReturnType<typeof cloudIdentity>> {
  const read = secretText(secretName);
  return async () => cloudIdentity(await read());
}
