/**
 * How the types of action differ, one entry each: a type without an entry does not compile. What a type does is in further
 * maps over the same list: wanted-effects.ts (its effect), functions/act/traveler-writes.ts, relay/actions/writes.ts and
 * relay/domino/console-lines.ts (its writes).
 */
import type { ActionType } from '#domain/actions/action';

type ActionTraits = {
  /** As used in sentences. */
  name: string;
  /** Types of newer requests that supersede this one before it is sent. */
  supersededBy: readonly ActionType[];
  /** Requested by a person or a portal rule, it is a decision until it is withdrawn. */
  isDecision: boolean;
  /** What it does to our own block of the device. */
  denial: 'sets' | 'lifts' | 'keeps';
  /** It ends the registration of the device. */
  removes: boolean;
  /** Requests a wipe from the server: has targets and a fence, counts against the hourly limit, and stays open until wiped. */
  wipes: boolean;
  /** Cancels the wipes that are pending on the server. */
  cancelsWipes: boolean;
};

const plain = { isDecision: false, denial: 'keeps', removes: false, wipes: false, cancelsWipes: false } as const;

export const actionTypes = {
  approve: {
    ...plain,
    name: 'Approval',
    supersededBy: ['approve', 'block', 'remove'],
    isDecision: true,
    denial: 'lifts',
  },
  block: { ...plain, name: 'Block', supersededBy: ['approve', 'block', 'remove'], isDecision: true, denial: 'sets' },
  remove: { ...plain, name: 'Removal', supersededBy: [], removes: true },
  wipe: { ...plain, name: 'Wipe', supersededBy: ['cancel-wipe'], wipes: true },
  'cancel-wipe': { ...plain, name: 'Cancelling the wipe', supersededBy: ['wipe'], cancelsWipes: true },
} as const satisfies { [K in ActionType]: ActionTraits };

type TypeWith<T extends Partial<ActionTraits>> = {
  [K in ActionType]: (typeof actionTypes)[K] extends T ? K : never;
}[ActionType];
export type DecisionType = TypeWith<{ isDecision: true }>;

const types: { [K in ActionType]: ActionTraits } = actionTypes;

export const traitsOf = (type: ActionType): ActionTraits => types[type];
export const isWipe = ({ type }: { type: ActionType }): boolean => types[type].wipes;

/** `type` as stored, perhaps by another release. */
export const isDecisionType = (type: string): type is DecisionType => storedTraits(type)?.isDecision === true;
export const denialEffectOf = (type: string): ActionTraits['denial'] => storedTraits(type)?.denial ?? 'keeps';

const storedTraits = (type: string): ActionTraits | undefined => new Map<string, ActionTraits>(Object.entries(types)).get(type);
