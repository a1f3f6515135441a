/** Which rows of the list were read so far. Pages shift while they are read, so a row may appear twice. */
export type DuplicateRows = {
  /** By manifest index: 1 if the device was listed. */
  seen: Uint8Array;
  /** Records a row; false for a duplicate. `index`: of its entry in the manifest, or -1. */
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
