/** Logs a change of the connection's state. */
import type { Log } from '../log/log.ts';
import { cures, type Ending } from './close-policy.ts';
import type { Event, State } from './states.ts';

export function logTransition(log: Log, event: Event, { before, after }: { before: State; after: State }): void {
  log.debug(`connection: ${before.name} -> ${after.name}`, { event: event.type });
  const ending = endingOf(event);
  if (after.name === 'waiting') logWaiting(log, after.last, after.failures);
  else if (after.name === 'live' && before.name === 'greeting') log.info('connected');
  else if (after.name === 'live' && before.name === 'draining') log.info('handed over to a new connection');
  else if (ending) log.info(`connection ended: ${ending.why}`, ending.detail ? { detail: ending.detail } : {});
}

function logWaiting(log: Log, { why, detail }: Ending, tries: number): void {
  const cure = cures[why];
  log[cure ? 'warn' : 'info'](`not connected: ${why}`, {
    ...(detail ? { detail } : {}),
    tries,
    ...(cure ? { cure } : {}),
  });
}

const endingOf = (event: Event): Ending | null => (event.type === 'closed' || event.type === 'dismissed' ? event.ending : null);
