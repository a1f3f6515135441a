/** A time as people read it. */

const farthest = 8.64e15;

/** `epochMs` to the minute: `2026-03-01 09:30 UTC`. */
export function moment(epochMs: number): string {
  if (!(Math.abs(epochMs) <= farthest)) return 'a time beyond the calendar';
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
