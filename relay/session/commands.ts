/** What the cloud asks for is handed to the workers, once each, and acknowledged when it is safe with them. */
import type { ActionCommand, GatherCommand, SettingsCommand, ToRelay } from '#domain/relay/relay-protocol';
import type { Metrics } from '../health/metrics.ts';
import type { Log } from '../log/log.ts';
import type { Link, Workers } from '../ports.ts';
import { createInbox } from './inbox.ts';

type Resend = Extract<ToRelay, { type: 'resend' }>;
export type Commands = {
  action(command: ActionCommand): void;
  gather(command: GatherCommand): void;
  settings(command: SettingsCommand): void;
  resend(command: Resend): void;
  resume(): void;
  /** Another's lease ends the gather that runs under an older one. */
  leaseIs(fence: number | null): void;
  /** Ends the gather under way. */
  stop(): void;
};

export type CommandOptions = { workers: Workers; link: Link; acknowledge(n: number): void; log: Log; metrics: Metrics };
type Running = { runId: string; fence: number; abort: AbortController; ended: Promise<void> };

export function createCommands({ workers, link, acknowledge, log, metrics }: CommandOptions): Commands {
  const inbox = createInbox();
  let running: Running | null = null;

  function failed(type: string, error: unknown): void {
    metrics.count('relay_work_failed_total', { type });
    log.error(`${type} ended in an unexpected error`, {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  /** Acknowledged once `work` has resolved; where it fails the command may come again. */
  async function once(command: { n: number; type: string }, work: () => Promise<void>): Promise<void> {
    const { n, type } = command;
    const taken = inbox.take(n);
    if (taken !== 'new') metrics.count('relay_messages_duplicate_total');
    if (taken === 'seen') acknowledge(n);
    if (taken !== 'new') return;
    try {
      await work();
      inbox.keep(n);
      acknowledge(n);
    } catch (error) {
      inbox.forget(n);
      failed(type, error);
    }
  }

  /** One gather at a time: a new one ends the one before, whose run the cloud has given up. */
  async function gather(command: GatherCommand): Promise<void> {
    if (running?.runId === command.runId) return;
    const before = running;
    const abort = new AbortController();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    running = { runId: command.runId, fence: command.fence, abort, ended };
    before?.abort.abort(new Error('a newer gather was asked for'));
    await before?.ended;
    try {
      if (!abort.signal.aborted) await workers.gather(command, link, abort.signal);
    } catch (error) {
      if (!abort.signal.aborted) failed('gather', error);
    } finally {
      resolve();
      if (running?.abort === abort) running = null;
    }
  }

  return {
    action: (command) => void once(command, () => workers.act(command, link)),
    gather: (command) =>
      // Under way is all it takes: a gather that is lost with the relay is asked for again at its next time.
      void once(command, async () => {
        void gather(command);
      }),
    settings: (command) => void once(command, () => workers.settings(command, link)),
    resend: (command) => void once(command, () => workers.resend(command.runId, command.parts, link)),
    resume: () => void workers.resume(link).catch((error: unknown) => failed('resume', error)),
    leaseIs(fence) {
      if (running && fence !== null && fence > running.fence) running.abort.abort(new Error('another relay holds the lease'));
    },
    stop: () => running?.abort.abort(new Error('the relay stops')),
  };
}
