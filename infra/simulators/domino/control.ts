/**
 * `/simulator/console…`: requests of the simulated `server` program and of people to the simulated Domino. Loopback only, no password.
 *
 *   POST /simulator/console            {"line"}: a line from the program; returns what it prints, and how and when it ends
 *   GET, DELETE /simulator/console     every line since the start or the last DELETE, with the devices that it affected
 *   GET, PUT /simulator/console/faults the list of active faults (faults.ts); PUT replaces it
 */
import { z } from 'zod';
import type { Domino } from './domino.ts';
import { consoleFault } from './faults.ts';

type Handler = (domino: Domino, body: unknown) => unknown;
const given = z.strictObject({ line: z.string().min(1).max(4_096) });

const routes: Record<string, Handler> = {
  'POST /simulator/console': (domino, body) => domino.take(given.parse(body).line),
  'GET /simulator/console': ({ effects }) => ({ effects }),
  'DELETE /simulator/console': ({ effects }) => ({ dropped: effects.splice(0).length }),
  'GET /simulator/console/faults': ({ faults }) => faults.list,
  'PUT /simulator/console/faults': ({ faults }, body) => {
    faults.set(z.array(consoleFault).parse(body));
    return faults.list;
  },
};

export function consoleControl(
  domino: Domino,
  { method, path, body }: { method: string; path: string; body: string },
): { status: number; body: unknown } {
  const handler = routes[`${method} ${path.replace(/\/$/, '')}`];
  if (!handler) return { status: 404, body: { error: 'No such control', controls: Object.keys(routes) } };
  try {
    return { status: 200, body: handler(domino, body === '' ? undefined : JSON.parse(body)) };
  } catch (error) {
    const says = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : 'unknown';
    return { status: 400, body: { error: says } };
  }
}
