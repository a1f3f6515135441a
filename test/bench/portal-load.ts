/** A busy portal: events at a steady rate, whether or not the earlier ones have been answered. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Stack } from '#test/fixtures/stack';

const rate = 200;
/** As many as one PutEvents accepts. */
const atOnce = 10;

export type Load = { events: number; ms: number; wantedRate: number };
type PortalEvent = { type: string; detail: unknown };

/** Begins at once. `ended`: when the bus has accepted all of them, and how long that took. */
export function load(stack: Stack, events: readonly PortalEvent[]): { forMs: number; ended: Promise<Load> } {
  const forMs = (events.length / rate) * 1000;
  return { forMs, ended: send(stack, events) };
}

async function send(stack: Stack, events: readonly PortalEvent[]): Promise<Load> {
  const from = performance.now();
  const accepted: Promise<void>[] = [];
  for (let index = 0; index < events.length; index += atOnce) {
    const due = from + (index / rate) * 1000;
    await pause(Math.max(0, due - performance.now()));
    accepted.push(stack.putEvents(events.slice(index, index + atOnce)));
  }
  await Promise.all(accepted);
  return { events: events.length, ms: performance.now() - from, wantedRate: rate };
}
