/** Random choices from a seed: the same seed, the same history, on every machine. */
import { hash32 } from '#infra/simulators/traveler/random';

export type Random = ReturnType<typeof randomOf>;

export function randomOf(seed: number) {
  let drawn = 0;
  const unit = () => hash32(seed, ++drawn) / 2 ** 32;
  return {
    /** Whole, from `from` to `to`, both included. */
    between: (from: number, to: number) => from + Math.floor(unit() * (to - from + 1)),
    chance: (share: number) => unit() < share,
    pick<T>(choices: readonly [T, ...T[]]): T {
      return choices[Math.floor(unit() * choices.length)] ?? choices[0];
    },
  };
}
