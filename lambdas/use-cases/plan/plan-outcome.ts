/** From decided devices to a plan's outcome. An action that is in the ledger and must not be requested again does not count. */
import type { Ledger } from '#adapters/dynamodb/actions/ledger';
import type { Device } from '#domain/devices/device';
import { takesAccess } from '#domain/quarantine/guard';
import type { PlannedAction } from '#domain/quarantine/plan-actions';
import { changeOf, type PlanChange } from '#domain/quarantine/plan-changes';
import { aqAction, newAction } from '#use-cases/decide-user/aq-actions';
import type { DecidedDevice } from '#use-cases/decide-user/decide-user';
import { isSameVerdict } from '#use-cases/decide-user/same-verdict';

/** An automatic action that would take access away. */
export type LostAccess = { device: Device; planned: PlannedAction };
/** `differs`: an evaluation would write something, even if only other evidence. */
export type UserOutcome = { changes: PlanChange[]; taken: LostAccess[]; differs: boolean };

type Reads = Pick<Ledger, 'read' | 'readMany'>;

/**
 * One outcome per list of `users`, in their order. Their wanted actions are read from the ledger together; an action that the
 * guard now withholds is not part of the plan, but counts as lost access (`taken`).
 */
export async function outcomesOf(
  ledger: Reads,
  users: readonly (readonly DecidedDevice[])[],
  now: number,
): Promise<UserOutcome[]> {
  const look = await known(ledger, users.flat(), now);
  const outcomes: UserOutcome[] = [];
  for (const decided of users) {
    const outcome: UserOutcome = { changes: [], taken: [], differs: false };
    for (const one of decided) await add(outcome, one, { look, now });
    outcomes.push(outcome);
  }
  return outcomes;
}

async function add(
  outcome: UserOutcome,
  one: DecidedDevice,
  { look, now }: { look: Pick<Ledger, 'read'>; now: number },
): Promise<void> {
  const { device, facts, verdict, planned, withheld } = one;
  const wanted = planned ?? withheld;
  const isNew = wanted !== undefined && (await isRequested(one, wanted, { look, now }));
  const change = changeOf(device, verdict, planned && isNew ? planned.type : null);
  if (change) outcome.changes.push(change);
  if (change || !isSameVerdict(device, verdict)) outcome.differs = true;
  if (isNew && takesAccess(facts, wanted)) outcome.taken.push({ device, planned: wanted });
}

async function isRequested(
  { device }: DecidedDevice,
  planned: PlannedAction,
  { look, now }: { look: Pick<Ledger, 'read'>; now: number },
): Promise<boolean> {
  return (await newAction({ ledger: look }, device, { planned, now, look: true })) !== null;
}

/** The ledger, with the first possible action of each device prefetched. */
async function known(ledger: Reads, decided: readonly DecidedDevice[], now: number): Promise<Pick<Ledger, 'read'>> {
  const ids = decided.flatMap(({ device, planned, withheld }) => {
    const wanted = planned ?? withheld;
    return wanted ? [aqAction(device, wanted, { now, again: 0 }).actionId] : [];
  });
  if (ids.length === 0) return ledger;
  const prefetched = new Set(ids);
  const found = new Map((await ledger.readMany(ids)).map((action) => [action.actionId, action]));
  return { read: async (id) => (prefetched.has(id) ? (found.get(id) ?? null) : ledger.read(id)) };
}
