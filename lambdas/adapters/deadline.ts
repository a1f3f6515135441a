/**
 * A time limit on one piece of work, released when the work ends. A signal of AbortSignal.timeout lives until its time is up,
 * even when the work has ended: a gather of 20,000 records held as many timers for minutes, 9 MB of them.
 */
export type Deadline = Disposable & { signal: AbortSignal };

/** Aborts after `ms` with a TimeoutError, or as soon as `outer` is aborted, with its reason; never once disposed of. */
export function deadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException('The time for it is over', 'TimeoutError')), ms).unref();
  const abort = () => controller.abort(outer?.reason);
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}
