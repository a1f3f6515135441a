/** Acknowledgements go out together: a message of their own for many, at most `ackMs` after the first. */
export const mostTogether = 500;

export type Acknowledgements = {
  add(n: number): void;
  /** Sends those that wait; they go on waiting where there is no connection. */
  flush(): void;
  stop(): void;
};

/** `send`: false when there is no connection; the numbers then wait for the next. */
export function createAcknowledgements({ send, ackMs }: { send(acks: number[]): boolean; ackMs: number }): Acknowledgements {
  let waiting = new Set<number>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    // Those beyond the limit are not lost: what is not acknowledged is redelivered.
    if (send([...waiting].slice(0, mostTogether))) waiting = new Set();
  }

  return {
    add(n) {
      if (waiting.size >= mostTogether) flush();
      if (waiting.size < mostTogether) waiting.add(n);
      timer ??= setTimeout(flush, ackMs);
    },
    flush,
    stop: () => clearTimeout(timer),
  };
}
