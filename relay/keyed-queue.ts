/** Runs work in parallel, up to a limit, but strictly in sequence per key (a device). */
import pLimit from 'p-limit';

export type KeyedQueue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work starts once all earlier work of its key has ended, whether or not it succeeded, and a slot is free. */
export function keyedQueue(atOnce: number): KeyedQueue {
  const places = pLimit(atOnce);
  const latest = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const earlier = latest.get(key) ?? Promise.resolve();
    const mine = earlier.then(() => places(work));
    const ended = mine.then(forget, forget);
    latest.set(key, ended);
    return mine;

    function forget(): void {
      if (latest.get(key) === ended) latest.delete(key);
    }
  };
}
