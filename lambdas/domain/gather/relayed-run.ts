/**
 * A run under the name by which a relay is asked for it: asked again (for more, or because the relay that was asked is gone),
 * it gets another name, so that what belongs to different askings never mixes.
 */
const mark = '~';

export const askedAs = (runId: string, times: number): string => `${runId}${mark}${times}`;

export function runOf(asked: string): { runId: string; times: number } {
  const cut = asked.lastIndexOf(mark);
  return cut < 0 ? { runId: asked, times: 0 } : { runId: asked.slice(0, cut), times: Number(asked.slice(cut + 1)) || 0 };
}
