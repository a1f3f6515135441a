/**
 * Classifies a console's output. The output is never kept or logged: on Linux the program also prints whatever else the console
 * shows in the meantime, with other people's names in it. The amount of output examined is limited.
 */
import { TravelerFailure } from '#adapters/traveler/failure';
import type { FailureKind } from '#domain/devices/source';

type Refusal = { pattern: RegExp; kind: FailureKind; unreachable?: true; what: string; remedy: string };

/** Most severe first. Text that matches none means nothing. */
const refusals: readonly Refusal[] = [
  {
    pattern: /not authori[sz]ed/i,
    kind: 'denied',
    what: 'Domino does not let the relay use this console command (not authorized)',
    remedy:
      'On the Domino server, add the id under which the relay gives console commands to the full remote console administrators in the server document.',
  },
  {
    pattern: /\b(?:invalid|unknown|unrecogni[sz]ed) (?:console |tell |traveler )?command\b|\bcommand not recogni[sz]ed\b/i,
    kind: 'permanent',
    what: 'The Domino console does not know this command',
    remedy:
      'Check that the Traveler task of this server is version 9.0 or later, and that the command in relay.json leads to it.',
  },
  {
    pattern: /\b(?:server|traveler|task)\b.{0,80}\bnot (?:currently )?(?:running|loaded|started)\b/i,
    kind: 'busy',
    unreachable: true,
    what: 'The Domino server, or its Traveler task, is not running',
    remedy: 'Start it (load traveler on the Domino console). What waits goes out by itself then.',
  },
];

const longestLine = 4_096;
const maxExamined = 1024 * 1024;

export type Listener = {
  append(text: string): void;
  /** The rejection found so far; null if there is none. */
  refusal(where: string): TravelerFailure | null;
};

/** `said`: the line that was sent. Its own echo is not a reply, whatever the user is called. */
export function listenTo(said: string): Listener {
  let left = maxExamined;
  let line = '';
  let mostSevere: number | null = null;

  function judge(): void {
    const found = line.includes(said) ? -1 : refusals.findIndex(({ pattern }) => pattern.test(line));
    if (found >= 0) mostSevere = Math.min(found, mostSevere ?? found);
    line = '';
  }

  return {
    append(text) {
      const examined = text.slice(0, Math.max(0, left));
      left -= examined.length;
      for (const [index, piece] of examined.split(/\r\n|\r|\n/).entries()) {
        if (index > 0) judge();
        line += piece.slice(0, longestLine - line.length);
      }
    },
    refusal(where) {
      judge();
      const found = mostSevere === null ? undefined : refusals[mostSevere];
      if (!found) return null;
      const { kind, what, remedy, unreachable = false } = found;
      return new TravelerFailure(kind, { what, where, remedy }, { unreachable });
    },
  };
}
