/** What follows before a claim: readiness.ts decides whether the action may be sent, this file what happens next. */
import type { Action } from '#domain/actions/action';
import type { Attempt, Decision, Moment, Observation } from '#domain/actions/attempt';
import { end, only, startOver, wait } from '#domain/actions/attempt-steps';
import { type Readiness, readiness } from '#domain/actions/readiness';
import { untilSlot } from '#domain/actions/retry';
import { holdsTurn, probeOf } from '#domain/actions/source-pause';

type Stored = Extract<Observation, { saw: 'stored' }>;
type Answer<K extends Readiness['answer']> = Extract<Readiness, { answer: K }>;
type Given = { stored: Stored; moment: Moment };

export function beforeClaim(attempt: Attempt, stored: Stored, moment: Moment): Decision {
  const { action, device, open, source, via } = attempt;
  const reach = via === 'relay' && stored.connected ? 'direct' : via;
  const answer = readiness(action, { now: moment.now, device, open, source, reach });
  const { step, first } = followUp(attempt, answer, { stored, moment });
  const keepsTurn = answer.answer === 'go' || (answer.answer === 'wait' && answer.for === 'source');
  const passes = !keepsTurn && holdsTurn(attempt, moment.now);
  return { first: [...(passes ? [{ effect: 'resume-source' } as const] : []), ...first], step };
}

function followUp<K extends Readiness['answer']>(attempt: Attempt, answer: Answer<K>, given: Given): Decision {
  const follow: FollowUp<K> = followUps[answer.answer as K];
  return follow(attempt, answer, given);
}
type FollowUp<K extends Readiness['answer']> = (attempt: Attempt, answer: Answer<K>, given: Given) => Decision;

const wake = (at: number): Decision => only({ do: 'wake', at });

const followUps: { [K in Readiness['answer']]: FollowUp<K> } = {
  // A crash may have prevented the evaluation that follows its end.
  ended: (_, __, { moment: { now } }) => wake(now),
  // If its worker is gone by then, the evaluation queues it again.
  held: (_, { until }) => wake(until),
  early: (_, { until }) => wake(until),
  wait: (attempt, { note, until, for: waitsFor }, { moment }) =>
    wait(attempt, { note, until, ...(waitsFor ? { for: waitsFor } : {}) }, moment),
  end: (attempt, { event, note }, { moment }) => end(attempt, [[event, note]], moment),
  go: (attempt, _, { stored, moment }) => {
    if (attempt.via === 'unconfigured' || attempt.device === null) return startOver;
    const until = moment.now + untilSlot(waitsForSlot(attempt.action), moment.random);
    if (!stored.capacity) return wait(attempt, { note: noSlot, until }, moment);
    return only({ do: 'claim', probe: probeOf(attempt.source, moment.now) });
  },
};

const noSlot = 'Its source takes no more at once; it goes out as soon as its turn comes.';
const waitsForSlot = ({ history }: Action): number => history.filter(({ note }) => note === noSlot).length;
