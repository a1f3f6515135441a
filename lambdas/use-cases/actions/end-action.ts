/**
 * The end of an action. The ledger and the timeline say how it ended and the device shows what the server shows, all or none;
 * then the user is evaluated anew. A crash before repeats from the reading; a crash after sends the evaluation once more.
 */

import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DeviceOutcome } from '#adapters/dynamodb/devices/action-outcome';
import type { Queue } from '#adapters/queues';
import type { Shown, Step } from '#domain/actions/action';
import { endingLines } from '#domain/actions/action-sentences';
import { denialAfter } from '#domain/actions/our-denial';
import { isNewer, supersedes } from '#domain/actions/readiness';
import { type ActionEventAt, stepsThrough } from '#domain/actions/steps';
import { isFinal } from '#domain/actions/transitions';
import type { Denial, Device } from '#domain/devices/device';
import { wake } from './wake.ts';

/** What ending an action needs: less than carrying it out. */
export type EndDependencies = {
  ledger: Pick<Ledger, 'end'>;
  evaluations: Queue;
  /** Epoch ms. */
  now(): number;
};

type Ending = {
  events: readonly ActionEventAt[];
  device: Device | null;
  open: readonly LedgerAction[];
  /** What the server showed before anything was written, where that is known only now. */
  before?: Shown;
  /** What the server showed last, if it was read. */
  after?: Shown;
};

export async function endAction(deps: EndDependencies, action: LedgerAction, ending: Ending): Promise<ActResult> {
  const steps = stepsThrough(action, ending.events);
  const last = steps.at(-1);
  if (!last) throw new Error(`Action ${action.actionId} cannot end without a step`);
  const change = {
    steps,
    claim: null,
    notBefore: null,
    outcome: last.state === 'confirmed' || last.state === 'wiped' ? null : last.note,
    ...(ending.before === undefined ? {} : { before: ending.before }),
    ...(ending.after === undefined ? {} : { after: ending.after }),
  };
  const { device } = ending;
  const left = device ? { on: { device, outcome: outcomeOf(deps, action, { device, ending, last }) } } : {};
  const ended = await deps.ledger.end(action, change, (next) => endingLines(next, last), left);
  if (!ended) return 'overtaken';
  await wake(deps, ended, deps.now());
  return 'done';
}

/** Ends every action of the device that `newer` takes the place of: they are never carried out. */
export async function supersedeOlder(deps: EndDependencies, newer: LedgerAction, open: readonly LedgerAction[]): Promise<void> {
  const note = `A newer request, ${newer.type} ${newer.actionId}, takes its place.`;
  for (const older of open.filter((other) => supersedes(newer, other))) await endOther(deps, older, { event: 'supersede', note });
}

/** The wipes that are on the server and that `cancel` has just taken back; answers what is left open. */
export async function endCancelledWipes(
  deps: EndDependencies,
  cancel: LedgerAction,
  open: readonly LedgerAction[],
): Promise<LedgerAction[]> {
  const taken = open.filter((other) => other.type === 'wipe' && other.state === 'applied' && isNewer(cancel, other));
  const note = `Taken back by cancel-wipe ${cancel.actionId} before the phone fetched it.`;
  for (const wipe of taken) await endOther(deps, wipe, { event: 'take-back', note });
  return open.filter((other) => !taken.includes(other));
}

async function endOther(
  deps: EndDependencies,
  other: LedgerAction,
  { event, note }: { event: 'supersede' | 'take-back'; note: string },
): Promise<void> {
  const steps = stepsThrough(other, [{ event, at: deps.now(), note }]);
  const [last] = steps;
  if (!last) return;
  const change = { steps, claim: null, notBefore: null, outcome: note };
  await deps.ledger.end(other, change, (next) => endingLines(next, last));
}

function outcomeOf(
  deps: EndDependencies,
  action: LedgerAction,
  { device, ending, last }: { device: Device; ending: Ending; last: Step },
): DeviceOutcome {
  const { after = null, open } = ending;
  const other = open.find((one) => one.actionId !== action.actionId && !isFinal(one.state) && !supersedes(action, one));
  const removed = action.type === 'remove' && last.state === 'confirmed';
  return {
    endedId: action.actionId,
    next: other ? { actionId: other.actionId, type: other.type, state: other.state } : null,
    shown: after && { ...after, at: deps.now() },
    denial: newDenial(action, device, { ending, last }),
    ...(removed ? { removal: { actionId: action.actionId, at: last.at } } : {}),
  };
}

/** `undefined` leaves our own bar as it is. */
function newDenial(
  action: LedgerAction,
  { denial, detail }: Device,
  { ending: { before, after }, last: { state, at } }: { ending: Ending; last: Step },
): Denial | null | undefined {
  if (after === undefined) return undefined;
  const bar = denialAfter(denial, { ...action, state, at, before: before ?? action.before, after, known: detail });
  return bar === denial ? undefined : bar;
}

/** `overtaken`: somebody else has just written the action; what is stored is to be read anew. */
export type ActResult = 'done' | 'overtaken';
