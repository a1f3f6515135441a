/**
 * Passes the cloud's commands to the workers, once each, and acknowledges them once they are safe there.
 *
 * - gather in progress (`running`): from its command until it ends. One at a time: a newer one, a newer lease or `stop` aborts it.
 *
 * Invariants: a command is handled once, however often it is redelivered; a failed one is not acknowledged, so the cloud redelivers
 * it; there are no unhandled rejections.
 */
import type { ActionCommand, GatherCommand, SettingsCommand, ToRelay } from '#domain/relay/relay-protocol';
import type { Metrics } from '../health/metrics.ts';
import type { Link, Workers } from '../ports.ts';
import type { Failures } from './failures.ts';
import { createInbox, type Inbox } from './inbox.ts';

type Resend = Extract<ToRelay, { type: 'resend' }>;
export type Commands = {
  action(command: ActionCommand): void;
  gather(command: GatherCommand): void;
  settings(command: SettingsCommand): void;
  resend(command: Resend): void;
  resume(): void;
  /** A newer lease aborts the gather that runs under an older one. */
  leaseIs(fence: number | null): void;
  /** Aborts the gather in progress. */
  stop(): void;
};

export type CommandOptions = { workers: Workers; link: Link; acknowledge(n: number): void; failures: Failures; metrics: Metrics };
type Running = { runId: string; fence: number; abort: AbortController; ended: Promise<void> };
type State = CommandOptions & { inbox: Inbox; running: Running | null };

export function createCommands(options: CommandOptions): Commands {
  const { workers, link } = options;
  const state: State = { ...options, inbox: createInbox(), running: null };
  return {
    action: (command) => handled(state, command.type, () => once(state, command, () => workers.act(command, link))),
    gather: (command) => handled(state, command.type, () => once(state, command, async () => startGather(state, command))),
    settings: (command) => handled(state, command.type, () => once(state, command, () => workers.settings(command, link))),
    resend: (command) =>
      handled(state, command.type, () => once(state, command, () => workers.resend(command.runId, command.parts, link))),
    resume: () => handled(state, 'resume', () => work(state, 'resume', () => workers.resume(link))),
    leaseIs(fence) {
      const { running } = state;
      if (running && fence !== null && fence > running.fence) running.abort.abort(new Error('another relay holds the lease'));
    },
    stop: () => state.running?.abort.abort(new Error('the relay stops')),
  };
}

/** Not awaited by anybody: a rejection counts as a failure of that type. */
function handled(state: State, type: string, begin: () => Promise<unknown>): void {
  begin().catch((error: unknown) => failed(state, type, error));
}

function failed({ failures, metrics }: State, type: string, error: unknown): void {
  metrics.count('relay_work_failed_total', { type });
  failures.failed(type, error);
}

/** Resolves with whether it succeeded. */
async function work(state: State, type: string, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    state.failures.succeeded(type);
    return true;
  } catch (error) {
    failed(state, type, error);
    return false;
  }
}

/** Acknowledges once `run` has resolved; if it fails, the command may be redelivered. */
async function once(state: State, { n, type }: { n: number; type: string }, run: () => Promise<void>): Promise<void> {
  const { inbox, metrics, acknowledge } = state;
  const receipt = inbox.take(n);
  if (receipt !== 'new') metrics.count('relay_messages_duplicate_total');
  if (receipt === 'seen') acknowledge(n);
  if (receipt !== 'new') return;
  if (await work(state, type, run)) {
    inbox.keep(n);
    acknowledge(n);
  } else inbox.forget(n);
}

/** Acknowledges only that the gather has started: one that is lost with the relay is requested again when next due. */
function startGather(state: State, command: GatherCommand): void {
  handled(state, 'gather', () => gather(state, command));
}

/** A new gather aborts the previous one, whose run the cloud has abandoned; the same one continues. */
async function gather(state: State, command: GatherCommand): Promise<void> {
  const { running: before, workers, link, failures } = state;
  if (before?.runId === command.runId) return;
  const abort = new AbortController();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  state.running = { runId: command.runId, fence: command.fence, abort, ended };
  before?.abort.abort(new Error('a newer gather was asked for'));
  await before?.ended;
  try {
    if (!abort.signal.aborted) await workers.gather(command, link, abort.signal);
    failures.succeeded('gather');
  } catch (error) {
    if (!abort.signal.aborted) failed(state, 'gather', error);
  } finally {
    resolve();
    if (state.running?.abort === abort) state.running = null;
  }
}
