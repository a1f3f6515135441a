/**
 * The end of an action. First the device shows what the server shows, then the ledger and the timeline say how it ended (both
 * or none), then the user is evaluated anew. A crash in between repeats from the reading; the ledger is the commit point.
 */
import type { LedgerAction } from '#adapters/dynamodb/ledger';
import type { Shown, Step } from '#domain/action';
import { endingLines } from '#domain/action-account';
import type { Denial, Device } from '#domain/device';
import { isKeptOut, remainingDenial } from '#domain/effects';
import { isNewer, supersedes } from '#domain/readiness';
import { type Happened, stepsThrough } from '#domain/steps';
import { isFinal } from '#domain/transitions';
import type { ActDependencies, Acted } from './dependencies.ts';
import { wake } from './postpone.ts';

/** What ending an action needs: less than carrying it out. */
export type EndDependencies = {
  ledger: Pick<ActDependencies['ledger'], 'conclude'>;
  devices: Pick<ActDependencies['devices'], 'settle'>;
  evaluations: ActDependencies['evaluations'];
  now: ActDependencies['now'];
};

type Ending = {
  events: readonly Happened[];
  device: Device | null;
  open: readonly LedgerAction[];
  /** What the server showed last, if it was read. */
  after?: Shown;
};

export async function conclude(deps: EndDependencies, action: LedgerAction, ending: Ending): Promise<Acted> {
  const steps = stepsThrough(action, ending.events);
  const last = steps.at(-1);
  if (!last) throw new Error(`Action ${action.actionId} cannot end without a step`);
  if (ending.device) await showOnDevice(deps, { action, device: ending.device, ending, last });
  const change = {
    steps,
    claim: null,
    notBefore: null,
    outcome: last.state === 'confirmed' || last.state === 'wiped' ? null : last.note,
    ...(ending.after === undefined ? {} : { after: ending.after }),
  };
  const ended = await deps.ledger.conclude(action, change, (next) => endingLines(next, last));
  if (!ended) return 'overtaken';
  await wake(deps, ended, deps.now());
  return 'done';
}

/** Ends every action of the device that `newer` takes the place of: they are never carried out. */
export async function supersedeOlder(deps: ActDependencies, newer: LedgerAction, open: readonly LedgerAction[]): Promise<void> {
  const note = `A newer request, ${newer.type} ${newer.actionId}, takes its place.`;
  for (const older of open.filter((other) => supersedes(newer, other))) await endOther(deps, older, { event: 'supersede', note });
}

/** The wipes that are on the server and that `cancel` has just taken back; answers what is left open. */
export async function takeBackWipes(
  deps: ActDependencies,
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
  await deps.ledger.conclude(other, change, (next) => endingLines(next, last));
}

async function showOnDevice(
  deps: EndDependencies,
  { action, device, ending, last }: { action: LedgerAction; device: Device; ending: Ending; last: Step },
): Promise<void> {
  const { after = null, open } = ending;
  const other = open.find((one) => one.actionId !== action.actionId && !isFinal(one.state) && !supersedes(action, one));
  const removed = action.type === 'remove' && last.state === 'confirmed';
  await deps.devices.settle(device, {
    endedId: action.actionId,
    next: other ? { actionId: other.actionId, type: other.type, state: other.state } : null,
    shown: after && { ...after, at: deps.now() },
    denial: denialAfter(action, device, { after, ended: last }),
    ...(removed ? { removal: { actionId: action.actionId, at: last.at } } : {}),
  });
}

/**
 * Our own bar after the action; `undefined` leaves it as it is. A block that ended without effect takes the bar it had
 * announced back, so that somebody else's later one is not taken for ours.
 */
function denialAfter(
  action: LedgerAction,
  { denial }: Device,
  { after, ended }: { after: Shown | null; ended: Step },
): Denial | null | undefined {
  const kind = action.purpose === 'hold' ? 'hold' : 'block';
  if (after === null) return action.type === 'block' && denial?.actionId === action.actionId ? null : undefined;
  if (action.type === 'approve') return denial === null ? undefined : remainingDenial(denial, after);
  if (action.type !== 'block') return undefined;
  if (!isKeptOut(after)) return null;
  // Barred by us already, for another reason: the newer reason is shown. Announced just now, or barred by others: left.
  const ours = denial !== null && denial.actionId !== action.actionId && ended.state === 'confirmed';
  return ours ? { kind, actionId: action.actionId, at: ended.at } : undefined;
}
