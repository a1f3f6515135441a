/**
 * The acting half of the relay. A command is acknowledged once the journal has it; from then on it goes its way here, one device
 * strictly in order, different devices side by side, and its result is told until the cloud has acknowledged it.
 *
 * - in hand: from `received` until `done` is journaled. Entries that a former process left open are taken up with the first
 *   command or resumption, ahead of everything newer on their device.
 * - untold: done, and not acknowledged. Told at once, and again with each resumption unless it is being told.
 * - stopping: nothing new begins; what is in hand ends, or stays in the journal where it stands.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ActionCommand } from '#domain/relay/relay-protocol';
import type { ActionJournal, AttemptKey, JournalEntry } from '../journal/action-journal.ts';
import { keyedQueue } from '../keyed-queue.ts';
import type { Link, RelaySource, Told, Workers } from '../ports.ts';
import { currentProblems } from './current-problems.ts';
import { describeProblem } from './describe-problem.ts';
import { type PerformedAction, performAction, Stopped } from './perform-action.ts';
import { applySettings } from './write-settings.ts';

export type RelayActions = Pick<Workers, 'act' | 'settings' | 'resume' | 'problems' | 'stop'>;
export type RelayActionOptions = {
  source: RelaySource;
  journal: ActionJournal;
  /** Devices acted on side by side. */
  atOnce?: number;
  /** Results under way to the cloud at once. */
  tellAtOnce?: number;
  /** Epoch ms of this machine's clock. */
  now?: () => number;
  /** Resolves after `ms`, rejects when the signal is aborted. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
};

const journalAgainMs = 2_000;
const untoldAtOnce = 100;
const mostRefused = 1_000;

export function relayActions(options: RelayActionOptions): RelayActions {
  const { source, journal, atOnce = 8, tellAtOnce = 8, now = Date.now } = options;
  const { pause = (ms, signal) => wait(ms, undefined, { signal }) } = options;
  const stopping = new AbortController();
  const trouble = currentProblems();
  const devices = keyedQueue(atOnce);
  const telling = pLimit(tellAtOnce);
  /** Attempts in hand, and those being told: a second request for one changes nothing. */
  const inHand = new Set<string>();
  const beingTold = new Set<string>();
  /** What could not be journaled and was told so; asked for again, it is told so again. */
  const refused = new Map<string, Told>();
  const background = new Set<Promise<unknown>>();
  let ending = false;
  let recovered: Promise<void> | null = null;
  let resuming: Promise<void> | null = null;

  const patient = async (ms: number): Promise<void> => {
    await pause(ms, stopping.signal).catch(() => undefined);
    if (stopping.signal.aborted) throw new Stopped('The relay is being stopped');
  };
  const deps = { source, journal, now, pause: patient };

  function keep(work: Promise<unknown>): void {
    const kept = work.catch(() => undefined).finally(() => background.delete(kept));
    background.add(kept);
  }

  function takeUp(entry: JournalEntry, link: Link): void {
    const name = nameOf(entry.command);
    if (inHand.has(name)) return;
    inHand.add(name);
    const { sourceId, user, deviceId } = entry.command.target;
    const work = devices(JSON.stringify([sourceId, user, deviceId]), async () => {
      if (!ending) await finish(entry, await carriedOut(entry, link), link);
    });
    keep(work.finally(() => inHand.delete(name)));
  }

  async function carriedOut(entry: JournalEntry, link: Link): Promise<PerformedAction> {
    try {
      const result = await performAction(deps, entry, link);
      trouble.learnt(result.outcome);
      return result;
    } catch (error) {
      if (error instanceof Stopped) throw error;
      const problem = describeProblem(error);
      trouble.set('relay', problem);
      // Perhaps in the middle of a write: only reading tells.
      return { outcome: { how: 'unknown', problem, before: entry.before }, startedAt: entry.startedAt };
    }
  }

  /** Told only once it is in the journal: what the cloud has been told must not be begun again after a restart. */
  async function finish(
    { command, receivedAt }: JournalEntry,
    { outcome, startedAt }: PerformedAction,
    link: Link,
  ): Promise<void> {
    const took = { toWrite: startedAt === null ? null : startedAt - receivedAt, total: now() - receivedAt };
    for (;;) {
      try {
        await journal.done(command, { outcome, took, at: now() });
        trouble.set('journal', null);
        break;
      } catch (error) {
        trouble.set('journal', describeProblem(error));
        await patient(journalAgainMs);
      }
    }
    tell(command, { type: 'actionResult', ...resultOf(command), outcome, took }, link);
  }

  function tell(key: AttemptKey, told: Told, link: Link): void {
    const name = nameOf(key);
    if (beingTold.has(name)) return;
    beingTold.add(name);
    const work = telling(async () => {
      await link.deliver(told, { signal: stopping.signal });
      await journal.told(key, now());
    });
    keep(work.finally(() => beingTold.delete(name)));
  }

  async function recover(link: Link): Promise<void> {
    recovered ??= journal.open().then((entries) => {
      for (const entry of entries) takeUp(entry, link);
    });
    // A journal that cannot be read now may be readable the next time.
    await recovered.catch((error: unknown) => {
      recovered = null;
      throw error;
    });
  }

  async function tellUntold(link: Link): Promise<void> {
    let after: AttemptKey | null = null;
    while (!ending) {
      const entries: JournalEntry[] = await journal.untold({ limit: untoldAtOnce, after });
      for (const entry of entries) tellAgain(entry, link);
      const last = entries.at(-1);
      if (!last) return;
      after = last.command;
      // The next ones when these are on their way: after a long time away there may be thousands.
      await telling(() => Promise.resolve());
    }
  }

  function tellAgain({ command, done }: JournalEntry, link: Link): void {
    if (done) tell(command, { type: 'actionResult', ...resultOf(command), outcome: done.outcome, took: done.took }, link);
  }

  /** Nothing is begun that the journal does not have; the cloud hears so and asks again later. */
  function refuse(command: ActionCommand, error: unknown, link: Link): void {
    const problem = describeProblem(error);
    trouble.set('journal', problem);
    const took = { toWrite: null, total: 0 };
    const told: Told = { type: 'actionResult', ...resultOf(command), outcome: { how: 'unread', problem }, took };
    if (refused.size >= mostRefused) refused.clear();
    refused.set(nameOf(command), told);
    keep(link.deliver(told, { signal: stopping.signal }));
  }

  return {
    async act(command, link) {
      if (ending) throw new Stopped('The relay is being stopped');
      const before = refused.get(nameOf(command));
      if (before) return keep(link.deliver(before, { signal: stopping.signal }));
      try {
        await recover(link);
        const entry = await journal.received(command, now());
        trouble.set('journal', null);
        if (entry.done) tellAgain(entry, link);
        else takeUp(entry, link);
      } catch (error) {
        refuse(command, error, link);
      }
    },

    async settings(command, link) {
      const outcome = await applySettings(source, command, link);
      trouble.settings(outcome);
      keep(link.deliver({ type: 'settingsResult', wishId: command.wishId, outcome }, { signal: stopping.signal }));
    },

    async resume(link) {
      try {
        await recover(link);
        resuming ??= tellUntold(link).finally(() => {
          resuming = null;
        });
        keep(resuming);
      } catch (error) {
        trouble.set('journal', describeProblem(error));
      }
    },

    problems: () => trouble.sentences(),

    async stop(ms) {
      ending = true;
      const given = new AbortController();
      const time = wait(ms, undefined, { signal: given.signal }).catch(() => undefined);
      await Promise.race([allOf(), time]);
      given.abort();
      stopping.abort(new Stopped('The relay is being stopped'));
      await Promise.race([allOf(), wait(lastMomentMs)]);
    },
  };

  async function allOf(): Promise<void> {
    while (background.size > 0) await Promise.all(background);
  }
}

/** For what was aborted to end. */
const lastMomentMs = 100;
const nameOf = ({ actionId, attempt }: AttemptKey) => JSON.stringify([actionId, attempt]);
const resultOf = ({ actionId, attempt, target }: ActionCommand) => ({ actionId, attempt, target });
