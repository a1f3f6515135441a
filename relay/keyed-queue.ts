/** Work side by side, up to a bound, where what belongs to one thing (a device) goes strictly one after the other. */
import pLimit from 'p-limit';

export type KeyedQueue = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Work of one key begins when the work asked for before it has ended, however it ended, and a place is free. */
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
