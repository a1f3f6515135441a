/** How a try ends: with the effect, without it, or with a failure that the table of consequences knows what to do about. */
import type { TravelerFailure } from '#adapters/traveler/failure';
import type { Shown } from '#domain/action';
import { type Consequence, consequences } from '#domain/failure';
import type { Happened } from '#domain/steps';
import type { ActionEvent } from '#domain/transitions';
import { conclude } from './conclude.ts';
import type { ActDependencies, Acted, Try } from './dependencies.ts';
import type { Carrier } from './executors.ts';
import { postpone, stopSource } from './postpone.ts';
import type { Unread } from './reading.ts';

export const happened = (deps: ActDependencies, event: ActionEvent, note: string): Happened => ({ event, at: deps.now(), note });

/** Nothing was learnt, so nothing is written. */
export async function unread(deps: ActDependencies, one: Try, reading: Unread): Promise<Acted> {
  if ('lost' in reading) return postpone(deps, one.action, { note: reading.lost });
  return afterFailure(deps, one, { failure: reading.failure, consequence: consequences[reading.failure.kind].reading });
}

export async function afterFailure(
  deps: ActDependencies,
  one: Try,
  { failure, consequence }: { failure: TravelerFailure; consequence: Consequence },
): Promise<Acted> {
  const note = failure.message;
  if (consequence === 'fail') return end(deps, one, [happened(deps, 'fail', note)]);
  if (consequence !== 'stop-source') return postpone(deps, one.action, { note, atLeast: failure.retryAfterMs });
  return postpone(deps, one.action, { note, until: await stopSource(deps, one.action, failure) });
}

export function confirm(
  deps: ActDependencies,
  one: Try,
  { shown, events }: { shown: Shown; events: readonly Happened[] },
): Promise<Acted> {
  return end(deps, one, [...events, happened(deps, 'confirm', 'Read back: the device shows it.')], shown);
}

export function noEffect(
  deps: ActDependencies,
  one: Try,
  { executor, shown }: { executor: Carrier; shown: Shown },
): Promise<Acted> {
  return end(deps, one, [happened(deps, 'fail', executor.withoutEffect(shown))], shown);
}

export function end(
  deps: ActDependencies,
  { action, device, open }: Try,
  events: readonly Happened[],
  after?: Shown,
): Promise<Acted> {
  return conclude(deps, action, { events, device, open, ...(after === undefined ? {} : { after }) });
}
