/** How far a reading has come, told now and then while it goes on. */
import type { Link } from '../ports.ts';
import type { Counts } from './gather-state.ts';

const everyMs = 2_000;

/** Answers what is to be called as often as there is news: it tells at most every two seconds, and never keeps the gather waiting. */
export function progressOf(
  { link, now }: { link: Pick<Link, 'mention'>; now: () => number },
  { runId, counts }: { runId: string; counts: Counts },
): () => void {
  let toldAt = now();
  return () => {
    if (now() - toldAt < everyMs) return;
    toldAt = now();
    const { devices, details, detailsWanted } = counts;
    link.mention({ type: 'gatherProgress', runId, devices, details, detailsWanted });
  };
}
