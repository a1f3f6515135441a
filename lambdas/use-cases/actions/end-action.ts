/**
 * The end of an action. One transaction writes the ledger, the timeline and the device's new state; then the user is evaluated
 * again. After a crash before the transaction, the device is read again; after a later one, the evaluation is sent once more.
 */

import type { Ledger, LedgerAction } from '#adapters/dynamodb/actions/ledger';
import type { DeviceOutcome } from '#adapters/dynamodb/devices/device-after-action';
import type { Queue } from '#adapters/queues';
import type { Shown, Step } from '#domain/actions/action';
import { endingLines } from '#domain/actions/action-sentences';
import { traitsOf } from '#domain/actions/action-types';
import { denialAfter } from '#domain/actions/own-block';
import { supersedes } from '#domain/actions/readiness';
import { isFinal } from '#domain/actions/transitions';
import type { Denial, Device } from '#domain/devices/device';
import { wake } from './evaluate-later.ts';

/** What ending an action needs: less than carrying it out. */
export type EndDependencies = {
  ledger: Pick<Ledger, 'end'>;
  evaluations: Queue;
  /** Epoch ms. */
  now(): number;
};

type Ending = {
  /** The last step is the end. */
  steps: readonly Step[];
  device: Device | null;
  open: readonly LedgerAction[];
  /** What the server showed before anything was written, if that is not stored yet. */
  before?: Shown;
  /** What the server showed last, if it was read. */
  after?: Shown;
};

export async function endAction(deps: EndDependencies, action: LedgerAction, ending: Ending): Promise<ActResult> {
  const { steps } = ending;
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
  const deviceChange = device ? { on: { device, outcome: outcomeOf(deps, action, { device, ending, last }) } } : {};
  const ended = await deps.ledger.end(action, change, (next) => endingLines(next, last), deviceChange);
  if (!ended) return 'overtaken';
  await wake(deps, ended, deps.now());
  return 'done';
}

/** Ends another action of the device that a newer one supersedes or cancels. Does nothing if another worker has written it. */
export async function endOther({ ledger }: Pick<EndDependencies, 'ledger'>, other: LedgerAction, step: Step): Promise<void> {
  const change = { steps: [step], claim: null, notBefore: null, outcome: step.note };
  await ledger.end(other, change, (next) => endingLines(next, step));
}

function outcomeOf(
  deps: EndDependencies,
  action: LedgerAction,
  { device, ending, last }: { device: Device; ending: Ending; last: Step },
): DeviceOutcome {
  const { after = null, open } = ending;
  const other = open.find((one) => one.actionId !== action.actionId && !isFinal(one.state) && !supersedes(action, one));
  const removed = traitsOf(action.type).removes && last.state === 'confirmed';
  return {
    endedId: action.actionId,
    next: other ? { actionId: other.actionId, type: other.type, state: other.state } : null,
    shown: after && { ...after, at: deps.now() },
    denial: newDenial(action, device, { ending, last }),
    ...(removed ? { removal: { actionId: action.actionId, at: last.at } } : {}),
  };
}

/** Our own block after the action; `undefined` leaves it unchanged. */
function newDenial(
  action: LedgerAction,
  { denial, detail }: Device,
  { ending: { before, after }, last: { state, at } }: { ending: Ending; last: Step },
): Denial | null | undefined {
  if (after === undefined) return undefined;
  const denied = denialAfter(denial, { ...action, state, at, before: before ?? action.before, after, known: detail });
  return denied === denial ? undefined : denied;
}

/** `overtaken`: another worker has just written the action, so what is stored has to be read again. */
export type ActResult = 'done' | 'overtaken';
