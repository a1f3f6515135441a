/** Reports the progress of a gather while it runs. */
import type { Link } from '../ports.ts';
import type { Counts } from './gather-state.ts';

const everyMs = 2_000;

/** Returns a function to call whenever the counts change: it sends at most every two seconds, and never delays the gather. */
export function progressOf(
  { link, now }: { link: Pick<Link, 'mention'>; now: () => number },
  { runId, counts }: { runId: string; counts: Counts },
): () => void {
  let sentAt = now();
  return () => {
    if (now() - sentAt < everyMs) return;
    sentAt = now();
    const { devices, details, detailsWanted } = counts;
    link.mention({ type: 'gatherProgress', runId, devices, details, detailsWanted });
  };
}
