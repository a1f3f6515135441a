/** Counts the calls that functions make to each service, so that a bench or a test can hold them against a budget. */
import type { Service } from './wire.ts';

/** One kind of call: who made it (a function's name), to which service, and how often since the start. */
export type CallCount = { caller: string; service: Service; operation: string; calls: number };

/** Where the gateway answers them, outside every AWS protocol. */
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
