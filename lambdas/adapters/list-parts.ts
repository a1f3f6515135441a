/** Lists in parts, for services with a limit per call. */

/** Splits a list into parts of `size`, in order; the last one may be shorter. */
export function parts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
