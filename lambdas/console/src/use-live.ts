/** A value of the API that keeps itself current: asked again every `everyMs` while the page is visible. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { z } from 'zod';
import { Refused, read } from './api.ts';

export type Live<T> = {
  value: T | null;
  trouble: 'none' | 'offline' | 'unauthorised' | 'refused';
  message: string;
  again(): void;
};

export function useLive<S extends z.ZodType>(path: string | null, schema: S, everyMs = 2000): Live<z.output<S>> {
  const [answer, setAnswer] = useState<{ path: string; value: z.output<S> } | null>(null);
  const [trouble, setTrouble] = useState<{ kind: Live<unknown>['trouble']; message: string }>({ kind: 'none', message: '' });
  const [round, setRound] = useState(0);
  const schemaRef = useRef(schema);

  // `round` is no input of the request: raising it asks anew at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    async function ask(wanted: string) {
      if (document.visibilityState === 'visible') {
        try {
          const value = await read(wanted, schemaRef.current, stop.signal);
          setAnswer({ path: wanted, value });
          setTrouble({ kind: 'none', message: '' });
        } catch (error) {
          if (stop.signal.aborted) return;
          setTrouble(describe(error));
        }
      }
      if (!stop.signal.aborted) timer = setTimeout(() => ask(wanted), everyMs);
    }
    void ask(path);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, round]);

  const again = useCallback(() => setRound((before) => before + 1), []);
  return {
    value: answer !== null && answer.path === path ? answer.value : null,
    trouble: trouble.kind,
    message: trouble.message,
    again,
  };
}

function describe(error: unknown): { kind: Live<unknown>['trouble']; message: string } {
  if (!(error instanceof Refused)) return { kind: 'offline', message: error instanceof Error ? error.message : String(error) };
  return { kind: error.status === 401 ? 'unauthorised' : 'refused', message: error.message };
}
