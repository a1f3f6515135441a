/**
 * A time limit on one piece of work, given up together with the work. A signal of AbortSignal.timeout lives until its time is
 * over, whatever becomes of the work: a gather of 20,000 records held as many timers for minutes, 9 MB of them.
 */
export type Deadline = Disposable & { signal: AbortSignal };

/** Aborts after `ms` with a TimeoutError, or as soon as `outer` is aborted, with its reason; not any more once disposed of. */
export function deadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('The time for it is over', 'TimeoutError')), ms).unref();
  const giveUp = () => controller.abort(outer?.reason);
  if (outer?.aborted) giveUp();
  outer?.addEventListener('abort', giveUp, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', giveUp);
    },
  };
}
