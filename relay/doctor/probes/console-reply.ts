/** Sends the Domino console the one line that changes nothing: Traveler's status. */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { RelayConfiguration } from '../../configuration/load.ts';
import { consoleOf } from '../../domino/configured-writes.ts';
import { statusLine } from '../../domino/console-lines.ts';

export type Reply = { how: 'none' } | { how: 'taken' } | { how: 'failed'; failure: TravelerFailure };

export async function askConsole(settings: RelayConfiguration['console']): Promise<Reply> {
  const console = consoleOf(settings);
  if (console === null) return { how: 'none' };
  try {
    await console.send(statusLine);
    return { how: 'taken' };
  } catch (error) {
    if (error instanceof TravelerFailure) return { how: 'failed', failure: error };
    throw error;
  }
}
