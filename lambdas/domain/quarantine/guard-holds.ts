/**
 * Which guards hold a source: while one does, no automatic action there takes access away. Invariants: a guard that tripped
 * holds the source until it is decided; deciding one never ends the hold of another.
 */
import type { SourceState } from '#domain/devices/source';
import type { GuardedDevice } from '#domain/quarantine/guard';

/** `guard`: the first to hold it (the only one in versions before 0.2); `guardsBehind`: the later ones, in order. */
export type GuardHolds = Pick<SourceState, 'guard' | 'guardsBehind' | 'guardsConfirmed'>;

/** Ids of the guards that hold the source, in the order in which they tripped. */
export const guardsHolding = ({ guard, guardsBehind = [] }: GuardHolds): string[] => [
  ...new Set([...(guard ? [guard] : []), ...guardsBehind]),
];

export const isHeldByGuard = (holds: GuardHolds): boolean => guardsHolding(holds).length > 0;

/** Guards that a person confirmed while another one held the source: what they stopped is carried out once no guard holds it. */
export const confirmedGuards = ({ guardsConfirmed = [] }: GuardHolds): string[] => guardsConfirmed;

/** The holds once this guard has tripped. */
export const withGuard = (holds: GuardHolds, guardId: string): Required<GuardHolds> =>
  holdsOf([...guardsHolding(holds), guardId], confirmedGuards(holds));

/** The holds once this guard is decided. Confirmed guards are forgotten with the last hold. */
export function withoutGuard(
  holds: GuardHolds,
  guardId: string,
  { decision }: { decision: 'confirm' | 'reject' },
): Required<GuardHolds> {
  const left = guardsHolding(holds).filter((id) => id !== guardId);
  const confirmed = decision === 'confirm' ? [...confirmedGuards(holds), guardId] : confirmedGuards(holds);
  return holdsOf(left, left.length === 0 ? [] : confirmed);
}

function holdsOf(holding: readonly string[], confirmed: readonly string[]): Required<GuardHolds> {
  const [guard = null, ...guardsBehind] = [...new Set(holding)];
  return { guard, guardsBehind, guardsConfirmed: [...new Set(confirmed)] };
}

/** What a rejection cancels, as keys of devices (`guardedKey`). */
export type RejectedLosses = {
  /** What the rejected guard stopped. */
  own: ReadonlySet<string>;
  /** What confirmed guards stopped: carried out later, unless the rejected guard stopped it too. */
  confirmed: ReadonlySet<string>;
  /** No other guard holds the source: everything else that waited there is cancelled too. */
  alone: boolean;
};

export const guardedKey = ({ sourceId, user, deviceId }: Pick<GuardedDevice, 'sourceId' | 'user' | 'deviceId'>): string =>
  `${sourceId}|${user}|${deviceId}`;

/**
 * Whether a rejection cancels what waits for this device (`guardedKey`). A rejection outweighs a confirmation: access is kept.
 */
export const isRejected = (device: string, { own, confirmed, alone }: RejectedLosses): boolean =>
  own.has(device) || (alone && !confirmed.has(device));
