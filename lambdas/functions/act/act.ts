/** Carries out one action: reads what is stored, decides whether it may go out now, and lets it go, wait, or end. */
import type { Action } from '#domain/actions/action';
import { readiness } from '#domain/actions/readiness';
import { untilSlot } from '#domain/actions/retry';
import type { ActionEventAt } from '#domain/actions/steps';
import { isFinal } from '#domain/actions/transitions';
import type { ActionMessage } from '#domain/messages/messages';
import type { ActResult } from '#use-cases/actions/end-action';
import { endAction } from '#use-cases/actions/end-action';
import { wake } from '#use-cases/actions/wake';
import { attempt } from './attempt.ts';
import type { ActDependencies, Slots } from './dependencies.ts';
import { executors } from './executors.ts';
import { postpone } from './postpone.ts';
import { settleResult } from './relay-result.ts';
import { relaySource } from './relay-source.ts';
import { handOver, isTakeBack } from './send-to-relay.ts';
import { passTurn, takeTurn } from './source-pause.ts';

/**
 * `queuedAt`: when the message entered the queue; `until`: when this worker ends at the latest. Epoch ms. `slots`: what requests
 * to its source go through; null when it takes no more at once: whatever can be said without it is said, and the action waits.
 */
export type Delivery = { queuedAt: number; until: number; slots?: Slots | null };

const unbounded: Slots = (request) => request();

/** How often one message starts over because somebody else wrote the action in between. */
const rounds = 5;

/** Throws for what is no answer (a store that cannot be reached): the message then comes again. */
export function act(deps: ActDependencies) {
  return async (message: ActionMessage, delivery: Delivery): Promise<void> => {
    for (let round = 0; round < rounds; round++) if ((await once(deps, message, delivery)) === 'done') return;
    throw new Error(`Action ${message.actionId} was written by others ${rounds} times in a row. Its message comes again.`);
  };
}

async function once(
  deps: ActDependencies,
  message: ActionMessage,
  { queuedAt, until, slots = unbounded }: Delivery,
): Promise<ActResult> {
  const [action, device, open, sourceState] = await Promise.all([
    deps.ledger.read(message.actionId),
    deps.devices.read(message),
    deps.ledger.openOf(message, { except: message.actionId }),
    deps.sources.read(message.sourceId),
  ]);
  if (!action && message.result && isTakeBack(message.actionId)) return 'done';
  if (!action) throw new Error(`Action ${message.actionId} is not in the ledger; it is put there before its message is sent`);
  const reach = deps.reach(action.sourceId);
  if (message.result && device && !isFinal(action.state)) {
    const told = { action, device, open, sourceState, slots: unbounded, queuedAt, until };
    return settleResult(
      deps,
      { ...told, source: relaySource(deps, told) },
      { result: message.result, executor: executors[action.type] },
    );
  }
  const there = reach.how === 'relay' && (await deps.link.present(action.sourceId)) !== null;
  const facts = { now: deps.now(), device, open, source: sourceState, reach: there ? ('direct' as const) : reach.how };
  const answer = readiness(action, facts);
  const triesOrKeepsWaiting = answer.answer === 'go' || (answer.answer === 'wait' && answer.for === 'source');
  if (!triesOrKeepsWaiting) await passTurn(deps, { action, sourceState });
  switch (answer.answer) {
    case 'ended':
      // It may have been cut off between its end and the evaluation that follows from it.
      await wake(deps, action, deps.now());
      return 'done';
    case 'held':
      // If its holder is gone by then, the evaluation puts it in the queue again.
      await wake(deps, action, answer.until);
      return 'done';
    case 'end':
      return endAction(deps, action, { events: [event(deps, answer)], device, open });
    case 'early':
      await wake(deps, action, answer.until);
      return 'done';
    case 'wait':
      return postpone(deps, action, { ...answer, ...(answer.for ? { waitsFor: answer.for } : {}) });
    case 'go': {
      if (reach.how === 'unconfigured' || !device)
        throw new Error('An action is ready only where its source and device are at hand');
      if (slots === null || until - deps.now() < longestTry)
        return postpone(deps, action, { note: full, until: deps.now() + untilSlot(inVain(action), deps.random()) });
      const turn = await takeTurn(deps, sourceState);
      if (turn === null) return 'overtaken';
      const one = { action, device, open, sourceState: turn, slots, queuedAt, until };
      if (reach.how === 'relay') return handOver(deps, { ...one, source: relaySource(deps, one) });
      return attempt(deps, { ...one, source: reach.source }, executors[action.type]);
    }
  }
}

/** A worker that has less time left begins nothing new: a try would be cut off in the middle. */
const longestTry = 30_000;
const full = 'Its source takes no more at once; it goes out as soon as its turn comes.';
const inVain = ({ history }: Pick<Action, 'history'>): number => history.filter(({ note }) => note === full).length;

const event = (deps: ActDependencies, { event, note }: Pick<ActionEventAt, 'event' | 'note'>): ActionEventAt => ({
  event,
  at: deps.now(),
  note,
});
