/** Asks the Traveler server for the first page of its list and for its facts. A wrong password is tried only once. */
import type { DevicePage } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';
import type { ServerFacts } from '#domain/devices/source';
import type { RelayConfiguration } from '../../configuration/load.ts';
import type { RelaySource } from '../../ports.ts';
import { sourceAt } from '../../run/source.ts';

/** `page` null: the list had no page at all. `facts` null: the server did not answer that request. */
export type FirstPage =
  | { how: 'read'; page: DevicePage | null; facts: ServerFacts | null }
  | { how: 'failed'; failure: TravelerFailure }
  | { how: 'silent' };

/** Reads the list first: it matters most, and its failure says most. Throws RelayRefusal if the configured way of reading is impossible. */
export async function readFirstPage(configuration: RelayConfiguration, { timeoutMs }: { timeoutMs: number }): Promise<FirstPage> {
  const { credentials } = configuration.traveler;
  const source = sourceAt(configuration, async () => credentials ?? { user: '', password: '' });
  const { promise: silence, resolve } = Promise.withResolvers<FirstPage>();
  const timer = setTimeout(() => resolve({ how: 'silent' }), timeoutMs);
  try {
    return await Promise.race([readFrom(source), silence]);
  } finally {
    clearTimeout(timer);
    await source.close();
  }
}

async function readFrom(source: RelaySource): Promise<FirstPage> {
  const pages = source.pages()[Symbol.asyncIterator]();
  try {
    const { value, done } = await pages.next();
    // Not awaited: the first page is read, and the rest may take minutes.
    pages.return?.().catch(() => undefined);
    return { how: 'read', page: done ? null : value, facts: await source.facts().catch(() => null) };
  } catch (error) {
    if (error instanceof TravelerFailure) return { how: 'failed', failure: error };
    throw error;
  }
}
