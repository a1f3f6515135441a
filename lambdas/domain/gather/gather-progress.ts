/** When a gather that is under way will end, as far as its own pace tells. */

export type Pace = {
  startedAt: number;
  now: number;
  /** Rows read so far, and how many there are, where the server says so. */
  devices: number;
  totalRecords: number | null;
  details: number;
  /** Full records found to be needed so far. */
  detailsWanted: number;
};

/** Epoch ms; null while nothing can be said. Assumes that the rest of the list needs details as its beginning did. */
export function estimateEnd({ startedAt, now, devices, totalRecords, details, detailsWanted }: Pace): number | null {
  if (totalRecords === null || devices === 0) return null;
  const listed = Math.min(1, devices / Math.max(1, totalRecords));
  const done = detailsWanted === 0 ? listed : (details / detailsWanted) * listed;
  return done <= 0 ? null : Math.round(startedAt + (now - startedAt) / done);
}
