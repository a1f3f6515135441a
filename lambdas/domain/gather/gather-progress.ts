/** The estimated end of a running gather, from its pace so far. */

export type Pace = {
  startedAt: number;
  now: number;
  /** Rows read so far, and the total if the server gives one. */
  devices: number;
  totalRecords: number | null;
  details: number;
  /** Full records found to be needed so far. */
  detailsWanted: number;
};

/** Epoch ms; null while it cannot be estimated. Assumes that the rest of the list needs as many details as the part read. */
export function estimateEnd({ startedAt, now, devices, totalRecords, details, detailsWanted }: Pace): number | null {
  if (totalRecords === null || devices === 0) return null;
  const listed = Math.min(1, devices / Math.max(1, totalRecords));
  const done = detailsWanted === 0 ? listed : (details / detailsWanted) * listed;
  return done <= 0 ? null : Math.round(startedAt + (now - startedAt) / done);
}
