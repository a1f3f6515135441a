/** The outcome of an action whose deadline passed before it was sent: what delayed it, and what to do. */
import type { Action } from '#domain/actions/action';

type Late = Pick<Action, 'expiresAt' | 'history' | 'confirmation'>;

export function deadlinePassed({ expiresAt, history, confirmation }: Late): string {
  const receivedAt = history[0]?.at ?? expiresAt;
  if (receivedAt >= expiresAt)
    return 'Its deadline had passed when it came in, so nothing was done. Ask again with a later one if it is still wanted.';
  if (confirmation !== undefined && confirmation.confirmedAt === null)
    return 'Its deadline passed while it waited for a second call that confirms it, so nothing was done. Ask again if it is still wanted.';
  const kept = history.findLast(({ state }) => state === 'waiting')?.note ?? '';
  return kept === ''
    ? 'Its deadline passed before its turn came, so nothing was done. Ask again with a later one if it is still wanted.'
    : `Its deadline passed before it could be carried out. What kept it: ${sentence(kept)} See to that, and ask again if it is still wanted.`;
}

/** The outcome when the answer was lost and the effect was found missing after the deadline. */
export const tooLateToRepeat =
  'Its answer was lost, the device does not show the effect, and its deadline passed before it could go out again. Ask again if it is still wanted.';

/** What happened, without the part of the note about further attempts. */
const sentence = (note: string): string => note.replace(/[.;] .*$/s, '').replace(/\.?$/, '.');
