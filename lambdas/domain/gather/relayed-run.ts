/**
 * The name of a run in a request to a relay: each further request (for more, or because the relay that was asked is gone) has
 * another name, so that answers to different requests never mix.
 */
const mark = '~';

export const askedAs = (runId: string, times: number): string => `${runId}${mark}${times}`;

export function runOf(name: string): { runId: string; times: number } {
  const cut = name.lastIndexOf(mark);
  return cut < 0 ? { runId: name, times: 0 } : { runId: name.slice(0, cut), times: Number(name.slice(cut + 1)) || 0 };
}
