/**
 * The action half of the relay. A command is acknowledged once it is journaled; from then on it is carried out here: in strict order
 * per device, devices in parallel. Its result is delivered until the cloud acknowledges it.
 *
 * - in progress: from `received` until `done` is journaled. Entries that an earlier process left open are started with the first
 *   command or resume, ahead of anything newer on their device.
 * - unacknowledged: done, and not acknowledged by the cloud. Delivered at once, and again on each resume unless already in transit.
 * - ending: nothing new starts; what is in progress finishes, or stays in the journal as far as it got.
 *
 * Invariants: an attempt is in progress once, and its result is in transit once; no result is delivered that is not journaled; an
 * unexpected error is logged, ends the work it occurred in, and is listed in `problems()` until an attempt succeeds.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ActionCommand, SettingsCommand } from '#domain/relay/relay-protocol';
import type { ActionJournal } from '../journal/action-journal.ts';
import { keyedQueue } from '../keyed-queue.ts';
import type { Log } from '../log/log.ts';
import type { Link, RelaySource, Workers } from '../ports.ts';
import { type ActingState, keep, nameOf, report, Stopped } from './acting-state.ts';
import { recover, startAttempt } from './attempts.ts';
import { currentProblems } from './current-problems.ts';
import { deliverAgain, deliverRefusal, deliverUnacknowledged, refuse } from './deliver-results.ts';
import { applySettings } from './write-settings.ts';

export type RelayActions = Pick<Workers, 'act' | 'settings' | 'resume' | 'problems' | 'stop'>;
export type RelayActionOptions = {
  source: RelaySource;
  journal: ActionJournal;
  log: Log;
  /** Devices acted on in parallel. */
  atOnce?: number;
  /** Results in transit to the cloud at once. */
  deliverAtOnce?: number;
  /** Epoch ms of this machine's clock. */
  now?: () => number;
  /** Resolves after `ms`; rejects when the signal is aborted. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

export function relayActions(options: RelayActionOptions): RelayActions {
  const state = startState(options);
  return {
    act: (command, link) => act(state, command, link),
    settings: (command, link) => settings(state, command, link),
    resume: (link) => resume(state, link),
    problems: () => state.problems.sentences(),
    stop: (ms) => stop(state, ms),
  };
}

function startState({
  source,
  journal,
  log,
  atOnce = 8,
  deliverAtOnce = 8,
  now = Date.now,
  ...options
}: RelayActionOptions): ActingState {
  const { pause = (ms, signal) => wait(ms, undefined, { signal }) } = options;
  const stopping = new AbortController();
  return {
    ...{ source, journal, log, now, stopping },
    async pause(ms) {
      await pause(ms, stopping.signal).catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error;
      });
      if (stopping.signal.aborted) throw stopped();
    },
    problems: currentProblems(),
    devices: keyedQueue(atOnce),
    deliveries: pLimit(deliverAtOnce),
    inProgress: new Set(),
    delivering: new Set(),
    refused: new Map(),
    background: new Set(),
    ending: false,
    recovered: null,
    resuming: null,
    unexpected: 0,
  };
}

async function act(state: ActingState, command: ActionCommand, link: Link): Promise<void> {
  if (state.ending) throw stopped();
  const before = state.refused.get(nameOf(command));
  if (before) return deliverRefusal(state, before, link);
  try {
    await recover(state, link);
    const entry = await state.journal.received(command, state.now());
    state.problems.set('journal', null);
    if (entry.done) deliverAgain(state, entry, link);
    else startAttempt(state, entry, link);
  } catch (error) {
    refuse(state, { command, error }, link);
  }
}

async function settings(state: ActingState, command: SettingsCommand, link: Link): Promise<void> {
  const { wishId } = command;
  const where = { what: 'writing the approval settings' };
  const reported = (error: unknown) => report(state, error, where);
  const outcome = await applySettings({ source: state.source, report: reported }, command, link);
  state.problems.settings(outcome);
  keep(state, link.deliver({ type: 'settingsResult', wishId, outcome }, { signal: state.stopping.signal }), where);
}

async function resume(state: ActingState, link: Link): Promise<void> {
  const where = { what: 'the delivery of earlier results' };
  try {
    await recover(state, link);
    state.resuming ??= deliverUnacknowledged(state, link).finally(() => {
      state.resuming = null;
    });
    keep(state, state.resuming, where);
  } catch (error) {
    report(state, error, where);
  }
}

/** Time for aborted work to end. */
const lastMomentMs = 100;

async function stop(state: ActingState, ms: number): Promise<void> {
  state.ending = true;
  const waiting = new AbortController();
  const time = wait(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
  await Promise.race([allOf(state), time]);
  waiting.abort();
  state.stopping.abort(stopped());
  await Promise.race([allOf(state), wait(lastMomentMs)]);
}

async function allOf({ background }: ActingState): Promise<void> {
  while (background.size > 0) await Promise.all(background);
}

const stopped = () => new Stopped('The relay is being stopped');
