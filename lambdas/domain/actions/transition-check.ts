/** What a transition table must satisfy. Checked on the real table when it is loaded, and by tests on broken ones. */

export type Table<State extends string, Event extends string> = {
  states: readonly State[];
  events: readonly Event[];
  first: State;
  finals: readonly State[];
  moves: Record<State, Partial<Record<Event, State>>>;
};

/**
 * One sentence per fault: a row that is missing, a move that names an unknown state or event, a state that nothing reaches,
 * a final state that can be left, another that cannot reach an end, an event that never happens. Empty when sound.
 */
export function transitionFaults<State extends string, Event extends string>(table: Table<State, Event>): string[] {
  const { states, events, first, finals, moves } = table;
  const exits = (state: State) => Object.values<State>((moves[state] ?? {}) as Record<Event, State>);
  const reached = closure([first], exits);
  const used = new Set(states.flatMap((state) => Object.keys(moves[state] ?? {})));
  const ends = (state: State) => [...closure([state], exits)].some((end) => finals.includes(end));
  return [
    ...states.filter((state) => !moves[state]).map((state) => `"${state}" has no row`),
    ...Object.keys(moves)
      .filter((state) => !states.includes(state as State))
      .map((state) => `"${state}" has a row and is no state`),
    ...states.flatMap((state) =>
      exits(state)
        .filter((to) => !states.includes(to))
        .map((to) => `"${state}" leads to "${to}", which is no state`),
    ),
    ...[...used].filter((event) => !events.includes(event as Event)).map((event) => `"${event}" is used and is no event`),
    ...events.filter((event) => !used.has(event)).map((event) => `"${event}" happens in no state`),
    ...states.filter((state) => !reached.has(state)).map((state) => `"${state}" is never reached from "${first}"`),
    ...finals.filter((state) => exits(state).length > 0).map((state) => `"${state}" is final and can be left`),
    ...states.filter((state) => !ends(state)).map((state) => `"${state}" never comes to an end`),
  ];
}

function closure<State>(from: readonly State[], exits: (state: State) => readonly State[]): Set<State> {
  const seen = new Set(from);
  for (const state of seen) for (const to of exits(state)) seen.add(to);
  return seen;
}
