/** Current problems, one per place: set by a failure there, cleared by a success. They never name a user or a device. */
import type { ActionOutcome, RelayProblem, ToCloud } from '#domain/relay/relay-protocol';
import { sentence } from './describe-problem.ts';

type Place = 'journal' | 'reading' | 'writing' | 'settings' | 'relay';
type SettingsOutcome = Extract<ToCloud, { type: 'settingsResult' }>['outcome'];

export type CurrentProblems = ReturnType<typeof currentProblems>;

export function currentProblems() {
  const known = new Map<Place, string>();

  function set(place: Place, problem: RelayProblem | null): void {
    if (problem) known.set(place, sentence(problem));
    else known.delete(place);
  }

  return {
    set,
    has: (place: Place): boolean => known.has(place),
    /** What an outcome says about the server. A problem with a single device says nothing about it. */
    learnt(outcome: ActionOutcome): void {
      if (outcome.how === 'unread') set('reading', general(outcome.problem));
      if ('before' in outcome) set('reading', null);
      if (outcome.how === 'unwritten') set('writing', general(outcome.problem));
      if (outcome.how === 'written') set('writing', null);
    },
    settings: (outcome: SettingsOutcome): void => set('settings', outcome.how === 'failed' ? outcome.problem : null),
    sentences: (): string[] => [...known.values()],
  };
}

const general = (problem: RelayProblem) => (problem.kind === 'invalid' || problem.kind === 'refused' ? null : problem);
