/** Batches acknowledgements: one message for several, sent at most `ackMs` after the first. */
export const mostTogether = 500;

export type Acknowledgements = {
  add(n: number): void;
  /** Sends the waiting ones; without a connection they keep waiting. */
  flush(): void;
  stop(): void;
};

/** `send`: returns false without a connection; the numbers then wait for the next one. */
export function createAcknowledgements({ send, ackMs }: { send(acks: number[]): boolean; ackMs: number }): Acknowledgements {
  let waiting = new Set<number>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    // Those beyond the limit are not lost: anything unacknowledged is redelivered.
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
