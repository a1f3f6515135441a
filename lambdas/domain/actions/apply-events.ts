/** Moves an action through the transition table, and adds up how long it spent in each state. */
import type { Action, ActionState, Step } from '#domain/actions/action';
import { type ActionEvent, isRefused, nextOf } from '#domain/actions/transitions';

export type ActionEventAt = { event: ActionEvent; at: number; note: string };

/** The steps that these events make, in order. Throws when the table refuses one, which is a bug in this program. */
export function stepsThrough(action: Pick<Action, 'state' | 'type'>, events: readonly ActionEventAt[]): Step[] {
  let { state } = action;
  return events.map(({ event, at, note }) => {
    const to = nextOf({ state, type: action.type }, event);
    if (isRefused(to)) throw new Error(`Action of type ${action.type}: ${to.refused}`);
    state = to;
    return { state, at, note };
  });
}

/** Milliseconds spent in each state that was left, summed over all visits. */
export function durations(history: readonly Step[]): Partial<Record<ActionState, number>> {
  const spent: Partial<Record<ActionState, number>> = {};
  history.forEach((step, index) => {
    const following = history[index + 1];
    if (following) spent[step.state] = (spent[step.state] ?? 0) + Math.max(0, following.at - step.at);
  });
  return spent;
}
