/** One run at a time: a newer one replaces the current one, and the same one joins it. */
export type SingleRun = {
  /** Resolves when the work is done or was aborted: by `signal`, by a newer run, or by `stop`. Otherwise rejects as the work does. */
  start(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
  readonly isUnderWay: boolean;
  stop(): void;
};

export function singleRun(): SingleRun {
  let current: { key: string; stop: AbortController; done: Promise<void> } | null = null;

  return {
    start(key, signal, work) {
      if (current?.key === key) return current.done;
      current?.stop.abort(new Error('A newer gather was asked for'));
      const stop = new AbortController();
      const both = AbortSignal.any([signal, stop.signal]);
      // The source may not respond for minutes: an abort does not wait for it.
      const done = Promise.race([work(both), untilAborted(both)])
        .catch((error: unknown) => {
          if (!both.aborted) throw error;
        })
        .finally(() => {
          if (current === mine) current = null;
        });
      const mine = { key, stop, done };
      current = mine;
      return done;
    },
    get isUnderWay() {
      return current !== null;
    },
    stop: () => current?.stop.abort(new Error('The relay stops')),
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
