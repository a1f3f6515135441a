/** Deterministic pseudo-random numbers, so that nothing has to be stored. */

/** 32 well-mixed bits of the two (a murmur3 finaliser over their combination). */
export function hash32(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** `words` times eight lower-case hex digits. The first eight are `key` itself, so that different keys yield different text. */
export function hex(key: number, words: number): string {
  let text = '';
  for (let word = 0; word < words; word++) text += (word === 0 ? key : hash32(key, word)).toString(16).padStart(8, '0');
  return text;
}

const odd = 0x9e3779b1;
const inverse = 0x0e8b2f51;

/** A one-to-one scrambling of 32-bit numbers, and back: hides an index in an address without a table. */
export const scramble = (index: number, seed: number): number => Math.imul((index ^ seed) >>> 0, odd) >>> 0;
export const unscramble = (code: number, seed: number): number => (Math.imul(code, inverse) ^ seed) >>> 0;
