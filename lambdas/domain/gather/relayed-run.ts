/**
 * The name of a run in a request to a relay: each further request (for more, or because the relay that was asked is gone) has
 * another name, so that answers to different requests never mix.
 */
const mark = '~';

export const askedAs = (runId: string, times: number): string => `${runId}${mark}${times}`;

export function runOf(asked: string): { runId: string; times: number } {
  const cut = asked.lastIndexOf(mark);
  return cut < 0 ? { runId: asked, times: 0 } : { runId: asked.slice(0, cut), times: Number(asked.slice(cut + 1)) || 0 };
}
