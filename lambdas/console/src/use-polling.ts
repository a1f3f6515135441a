/** A value of the API that keeps itself current: asked again every `everyMs` while the page is visible. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { z } from 'zod';
import { messageOf, Refused, read } from './api.ts';
import { texts } from './texts/texts.ts';

/** `not-understood`: the extender is of another version than this page. */
export type Trouble = 'none' | 'offline' | 'signed-out' | 'refused' | 'not-understood';
export type Live<T> = { value: T | null; trouble: Trouble; status: number | null; message: string; again(): void };
type Failed = Pick<Live<unknown>, 'trouble' | 'message' | 'status'>;

const everyMsAfterTrouble = 4000;
const well: Failed = { trouble: 'none', message: '', status: null };

/** The last trouble that any part of the page had in reaching the API, for the notice above all pages. */
const listeners = new Set<(failed: Failed) => void>();
const report = (failed: Failed) => {
  for (const listener of listeners) listener(failed);
};
export function useConnection(): Failed {
  const [state, setState] = useState(well);
  useEffect(() => {
    listeners.add(setState);
    return () => void listeners.delete(setState);
  }, []);
  return state;
}

/** `path` null: nothing is asked. `everyMs` 0: asked once, and again on `again()`. */
export function useLive<S extends z.ZodType>(path: string | null, schema: S, everyMs = 2000): Live<z.output<S>> {
  const schemaRef = useRef(schema);
  const ask = useCallback((wanted: string, signal: AbortSignal) => read(wanted, schemaRef.current, signal), []);
  return useLiveRead(path, ask, everyMs);
}

/** The same with a reading of one's own. `ask` must stay the same function, and so must `everyMs` where it follows from the answer. */
export function useLiveRead<T>(
  path: string | null,
  ask: (path: string, signal: AbortSignal) => Promise<T>,
  everyMs: number | ((value: T) => number),
): Live<T> {
  const [answer, setAnswer] = useState<{ path: string; value: T } | null>(null);
  const [failed, setFailed] = useState(well);
  const [asked, setAsked] = useState(0);

  // `asked` is no input of the request: raising it asks anew at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    async function round(wanted: string) {
      let rest = typeof everyMs === 'number' ? everyMs : everyMsAfterTrouble;
      if (document.visibilityState === 'visible') {
        try {
          const value = await ask(wanted, stop.signal);
          if (typeof everyMs !== 'number') rest = everyMs(value);
          setAnswer({ path: wanted, value });
          setFailed(well);
          report(well);
        } catch (error) {
          if (stop.signal.aborted) return;
          const failure = describe(error);
          setFailed(failure);
          report(failure.trouble === 'offline' ? failure : well);
        }
      }
      if (!stop.signal.aborted && rest > 0) timer = setTimeout(() => round(wanted), rest);
    }
    void round(path);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, ask, asked]);

  const again = useCallback(() => setAsked((before) => before + 1), []);
  return { value: answer !== null && answer.path === path ? answer.value : null, ...failed, again };
}

function describe(error: unknown): Failed {
  if (error instanceof z.ZodError) return { trouble: 'not-understood', message: texts.notUnderstood, status: null };
  if (!(error instanceof Refused)) return { trouble: 'offline', message: messageOf(error), status: null };
  return { trouble: error.status === 401 ? 'signed-out' : 'refused', message: error.message, status: error.status };
}
