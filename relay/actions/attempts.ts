/** Attempts in progress: run in order per device, performed, and journaled as done before their result is delivered. */
import type { JournalEntry } from '../journal/action-journal.ts';
import type { Link } from '../ports.ts';
import { type ActingState, keep, nameOf, report, Stopped } from './acting-state.ts';
import { deliverResult } from './deliver-results.ts';
import { type PerformedAction, performAction } from './perform-action.ts';

const journalRetryMs = 2_000;

/** Does nothing if the attempt is already in progress. */
export function startAttempt(state: ActingState, entry: JournalEntry, link: Link): void {
  const name = nameOf(entry.command);
  if (state.inProgress.has(name)) return;
  state.inProgress.add(name);
  const { sourceId, user, deviceId } = entry.command.target;
  const work = state.devices(JSON.stringify([sourceId, user, deviceId]), async () => {
    if (!state.ending) await finish(state, { entry, performed: await perform(state, entry, link), link });
  });
  keep(
    state,
    work.finally(() => state.inProgress.delete(name)),
    whereOf(entry),
  );
}

/** Starts what an earlier process left open, ahead of anything newer on the same device. Rejects while the journal cannot be read. */
export async function recover(state: ActingState, link: Link): Promise<void> {
  state.recovered ??= state.journal.open().then((entries) => {
    for (const entry of entries) startAttempt(state, entry, link);
  });
  try {
    await state.recovered;
  } catch (error) {
    // The journal may be readable next time.
    state.recovered = null;
    throw error;
  }
}

async function perform(state: ActingState, entry: JournalEntry, link: Link): Promise<PerformedAction> {
  const { unexpected } = state;
  const reported = (error: unknown) => report(state, error, whereOf(entry));
  try {
    const result = await performAction({ ...state, report: reported }, entry, link);
    state.problems.learnt(result.outcome);
    if (state.unexpected === unexpected) state.problems.set('relay', null);
    return result;
  } catch (error) {
    if (error instanceof Stopped) throw error;
    // This may have happened in the middle of a write: only reading the device shows whether it took effect.
    return { outcome: { how: 'unknown', problem: reported(error), before: entry.before }, startedAt: entry.startedAt };
  }
}

type Performed = { entry: JournalEntry; performed: PerformedAction; link: Link };

/** Delivers only once it is journaled: an attempt that the cloud knows is done must not start again after a restart. */
async function finish(state: ActingState, { entry, performed, link }: Performed): Promise<void> {
  const { command, receivedAt } = entry;
  const { outcome, startedAt } = performed;
  const took = { toWrite: startedAt === null ? null : startedAt - receivedAt, total: state.now() - receivedAt };
  while (!(await isJournaled(state, entry, { outcome, took, at: state.now() }))) await state.pause(journalRetryMs);
  deliverResult(state, { command, outcome, took }, link);
}

async function isJournaled(state: ActingState, entry: JournalEntry, done: NonNullable<JournalEntry['done']>): Promise<boolean> {
  try {
    await state.journal.done(entry.command, done);
    state.problems.set('journal', null);
    return true;
  } catch (error) {
    report(state, error, whereOf(entry));
    return false;
  }
}

const whereOf = ({ command: { actionId, attempt } }: JournalEntry) => ({ what: 'an action', actionId, attempt });
