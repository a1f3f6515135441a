/** How far a gather has come, sent now and then while it goes on. */
import type { Link } from '../ports.ts';
import type { Counts } from './gather-state.ts';

const everyMs = 2_000;

/** Returns what is called whenever the counts change: it sends at most every two seconds, and never keeps the gather waiting. */
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
