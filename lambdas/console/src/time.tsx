/** Times: how long ago, or in the reader's time zone; the exact UTC time on hover and for machines. */
import { useSyncExternalStore } from 'react';
import { ago, localTime } from './texts/words.ts';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the whole page; it stops while no component uses it. */
function subscribe(listener: () => void): () => void {
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The reader's clock in epoch ms, updated every second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

export function Ago({ at }: { at: string }) {
  const text = ago(at, useNow());
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {text}
    </time>
  );
}

/** Epoch 0 stands for a time that was not recorded. */
export function At({ at }: { at: string }) {
  if (Date.parse(at) <= 0) return <>–</>;
  return (
    <time dateTime={at} title={`${at} (UTC)`}>
      {localTime(at)}
    </time>
  );
}
