/** Writes over the Traveler server's own REST, with the same unproven requests as for SmartCloud. */
import type { TravelerSource } from '#adapters/traveler/contract';
import { isDenied } from '#domain/actions/own-block';
import type { DeviceWrites } from './device-writes.ts';
import { readBackDelays } from './read-back-delays.ts';

type RestSource = Pick<TravelerSource, 'writeSettings' | 'approve' | 'block' | 'remove' | 'wipe' | 'cancelWipe' | 'detail'>;

/** Requests are counted by the source, which reads over the same connections; so `requests` is 0 here. */
export function restWrites(source: RestSource, { timeoutMs }: { timeoutMs?: number } = {}): DeviceWrites {
  return {
    writeSettings: (wanted) => source.writeSettings(wanted),
    approve: ({ href }, { wipe: _, ...options }) => source.approve(href, options),
    block: ({ href }) => source.block(href),
    remove: ({ href }) => source.remove(href),
    wipe: ({ href }, targets) => source.wipe(href, targets),
    async cancelWipe({ href }, { lock }) {
      if ((await source.cancelWipe(href)) === 'gone') return 'gone';
      if (!lock) return 'accepted';
      const found = await source.detail(href);
      if (found === 'gone') return 'gone';
      return isDenied(found.detail) ? 'accepted' : source.block(href);
    },
    readBack: readBackDelays('rest', timeoutMs),
    requests: 0,
  };
}
