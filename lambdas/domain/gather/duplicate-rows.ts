/** What of the list has been seen so far. Pages shift while they are read: a row may come twice. */
export type DuplicateRows = {
  /** By manifest index: did the list name it? */
  seen: Uint8Array;
  /** Notes a row; false when it came before. `index`: of its entry in the manifest, or -1. */
  isFirst(hash: string, index: number): boolean;
};

export function duplicateRows(manifestSize: number): DuplicateRows {
  const fresh = new Set<string>();
  const seen = new Uint8Array(manifestSize);
  return {
    seen,
    isFirst(hash, index) {
      if (index < 0) return fresh.size !== fresh.add(hash).size;
      if (seen[index]) return false;
      seen[index] = 1;
      return true;
    },
  };
}
