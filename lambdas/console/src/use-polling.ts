/** A value of the API that keeps itself current: read again every `everyMs` while the page is visible. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { z } from 'zod';
import { messageOf, Refused, read } from './api.ts';
import { texts } from './texts/texts.ts';

/** `not-understood`: the extender is of another version than this page. */
export type ReadFailure = 'none' | 'offline' | 'signed-out' | 'refused' | 'not-understood';
export type Polled<T> = { value: T | null; failure: ReadFailure; status: number | null; message: string; reload(): void };
type ReadState = Pick<Polled<unknown>, 'failure' | 'message' | 'status'>;

const retryMs = 4000;
const noFailure: ReadState = { failure: 'none', message: '', status: null };

/** The last failure of any part of the page to reach the API, for the notice above all pages. */
const listeners = new Set<(state: ReadState) => void>();
const report = (state: ReadState) => {
  for (const listener of listeners) listener(state);
};
export function useConnection(): ReadState {
  const [state, setState] = useState(noFailure);
  useEffect(() => {
    listeners.add(setState);
    return () => void listeners.delete(setState);
  }, []);
  return state;
}

/** `path` null: nothing is read. `everyMs` 0: read once, and again on `reload()`. */
export function usePolling<S extends z.ZodType>(path: string | null, schema: S, everyMs = 2000): Polled<z.output<S>> {
  const schemaRef = useRef(schema);
  const readOnce = useCallback((wanted: string, signal: AbortSignal) => read(wanted, schemaRef.current, signal), []);
  return usePolledRead(path, readOnce, everyMs);
}

/** The same with a read function of the caller. `readOnce` must stay the same function, and so must an `everyMs` that depends on the value. */
export function usePolledRead<T>(
  path: string | null,
  readOnce: (path: string, signal: AbortSignal) => Promise<T>,
  everyMs: number | ((value: T) => number),
): Polled<T> {
  const [answer, setAnswer] = useState<{ path: string; value: T } | null>(null);
  const [state, setState] = useState(noFailure);
  const [reloads, setReloads] = useState(0);

  // `reloads` is no input of the request: raising it reads again at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    async function poll(wanted: string) {
      let waitMs = typeof everyMs === 'number' ? everyMs : retryMs;
      if (document.visibilityState === 'visible') {
        try {
          const value = await readOnce(wanted, stop.signal);
          if (typeof everyMs !== 'number') waitMs = everyMs(value);
          setAnswer({ path: wanted, value });
          setState(noFailure);
          report(noFailure);
        } catch (error) {
          if (stop.signal.aborted) return;
          const failed = describe(error);
          setState(failed);
          report(failed.failure === 'offline' ? failed : noFailure);
        }
      }
      if (!stop.signal.aborted && waitMs > 0) timer = setTimeout(() => poll(wanted), waitMs);
    }
    void poll(path);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, readOnce, reloads]);

  const reload = useCallback(() => setReloads((before) => before + 1), []);
  return { value: answer !== null && answer.path === path ? answer.value : null, ...state, reload };
}

function describe(error: unknown): ReadState {
  if (error instanceof z.ZodError) return { failure: 'not-understood', message: texts.notUnderstood, status: null };
  if (!(error instanceof Refused)) return { failure: 'offline', message: messageOf(error), status: null };
  return { failure: error.status === 401 ? 'signed-out' : 'refused', message: error.message, status: error.status };
}
