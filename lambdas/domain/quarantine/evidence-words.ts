/** Number words for evidence. */

const words = ['zeroth', 'first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'] as const;
const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'] as const;
const suffixes: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };

/** 1 → `first`, 11 → `11th`, 22 → `22nd`. */
export function ordinal(place: number): string {
  const teen = place % 100 > 10 && place % 100 < 14;
  return words[place] ?? `${place}${teen ? 'th' : (suffixes[place % 10] ?? 'th')}`;
}

/** 2 → `two`, 12 → `12`. */
export function cardinal(count: number): string {
  return numbers[count] ?? String(count);
}
