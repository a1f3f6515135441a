/**
 * Each repeated request for the same cause gets a turn: 0, 1, 2, … Turns are used in order, so the first free one is found by
 * doubling and halving, in a few reads regardless of how many were used.
 */

/** More repetitions of one cause than this are a loop, not an administrator's wish. */
export const mostTurns = 2 ** 16;

/** The first turn for which `isUsed` is false, where all before it are used. Throws after `mostTurns` of them. */
export async function firstFreeTurn(isUsed: (turn: number) => Promise<boolean>, what: string): Promise<number> {
  let used = -1;
  let free = 0;
  while (await isUsed(free)) {
    if (free >= mostTurns)
      throw new Error(`${what} was requested more than ${mostTurns} times for the same cause. Look for what repeats it.`);
    used = free;
    free = free === 0 ? 1 : free * 2;
  }
  while (free - used > 1) {
    const middle = Math.floor((used + free) / 2);
    if (await isUsed(middle)) used = middle;
    else free = middle;
  }
  return free;
}
