/** Counts the calls that functions make to each service, so that a bench or a test can compare them with a budget. */
import type { Service } from './wire.ts';

/** One kind of call: its caller (a function's name), service, operation, and number since the start. */
export type CallCount = { caller: string; service: Service; operation: string; calls: number };

/** Path at which the gateway returns the counts, outside every AWS protocol. */
export const callCountsPath = '/_emulator/calls';

export function callCounts() {
  const counts = new Map<string, CallCount>();
  return {
    add(caller: string, service: Service, operation: string): void {
      const key = `${caller} ${service} ${operation}`;
      const known = counts.get(key);
      if (known) known.calls++;
      else counts.set(key, { caller, service, operation, calls: 1 });
    },
    all: (): CallCount[] => [...counts.values()],
  };
}
