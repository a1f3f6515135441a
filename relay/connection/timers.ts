/** The timers of a connection: at most one per name. */
import type { Timer } from './states.ts';

export type Timers = { set(timer: Timer, ms: number): void; clear(timer: Timer): void };

/** `fired` is called once for each timer that was neither cleared nor set again before it was due. */
export function createTimers(fired: (timer: Timer) => void): Timers {
  const running = new Map<Timer, NodeJS.Timeout>();

  function clear(timer: Timer): void {
    clearTimeout(running.get(timer));
    running.delete(timer);
  }

  return {
    set(timer, ms) {
      clear(timer);
      const fire = () => {
        running.delete(timer);
        fired(timer);
      };
      running.set(timer, setTimeout(fire, ms));
    },
    clear,
  };
}
