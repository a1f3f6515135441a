/** Delivers results until the cloud acknowledges them, then journals that. Unacknowledged results are redelivered on resume. */
import type { ActionCommand, ActionOutcome } from '#domain/relay/relay-protocol';
import type { AttemptKey, JournalEntry } from '../journal/action-journal.ts';
import type { Link, OutgoingMessage } from '../ports.ts';
import { type ActingState, keep, nameOf, report } from './acting-state.ts';

type Took = NonNullable<JournalEntry['done']>['took'];
type Result = { command: ActionCommand; outcome: ActionOutcome; took: Took };

const pageSize = 100;
const mostRefused = 1_000;

const messageOf = ({ command: { actionId, attempt, target }, outcome, took }: Result): OutgoingMessage => ({
  ...{ type: 'actionResult', actionId, attempt, target },
  outcome,
  took,
});

/** Does nothing if the result is already being delivered. */
export function deliverResult(state: ActingState, result: Result, link: Link): void {
  const { actionId, attempt } = result.command;
  const name = nameOf(result.command);
  if (state.delivering.has(name)) return;
  state.delivering.add(name);
  const work = state.deliveries(async () => {
    await link.deliver(messageOf(result), { signal: state.stopping.signal });
    await state.journal.acknowledged({ actionId, attempt }, state.now());
  });
  keep(
    state,
    work.finally(() => state.delivering.delete(name)),
    { what: 'the delivery of a result', actionId, attempt },
  );
}

export function deliverAgain(state: ActingState, { command, done }: JournalEntry, link: Link): void {
  if (done) deliverResult(state, { command, outcome: done.outcome, took: done.took }, link);
}

/** Delivers every result that is done and not acknowledged, page by page: after a long outage there may be thousands. */
export async function deliverUnacknowledged(state: ActingState, link: Link): Promise<void> {
  let after: AttemptKey | null = null;
  while (!state.ending) {
    const entries: JournalEntry[] = await state.journal.unacknowledged({ limit: pageSize, after });
    for (const entry of entries) deliverAgain(state, entry, link);
    const last = entries.at(-1);
    if (!last) return;
    after = last.command;
    // Fetch the next page once these are being delivered.
    await state.deliveries(() => Promise.resolve());
  }
}

/** Refuses a command that could not be journaled: nothing may start without a journal entry. The cloud gets the reason and retries. */
export function refuse(state: ActingState, { command, error }: { command: ActionCommand; error: unknown }, link: Link): void {
  const { actionId, attempt } = command;
  const problem = report(state, error, { what: 'receiving an action', actionId, attempt });
  const message = messageOf({ command, outcome: { how: 'unread', problem }, took: { toWrite: null, total: 0 } });
  if (state.refused.size >= mostRefused) state.refused.clear();
  state.refused.set(nameOf(command), message);
  deliverRefusal(state, message, link);
}

export function deliverRefusal(state: ActingState, message: OutgoingMessage, link: Link): void {
  keep(state, link.deliver(message, { signal: state.stopping.signal }), { what: 'the delivery of a refusal' });
}
