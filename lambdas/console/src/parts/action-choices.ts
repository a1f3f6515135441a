/** How the console offers each type of action, and what its dialog requires. A type without an entry does not compile. */
import { type ActionType, actionType } from '#domain/actions/action';
import { texts } from '../texts/texts.ts';
import { actionWords } from '../texts/words.ts';

export type ActionChoice = {
  label: string;
  /** On the page of a device: a button that requests it at once, or a menu entry that opens the dialog. */
  onDevice: 'primary-button' | 'button' | 'menu';
  /** In the menu of the list of devices, for several at once. */
  inList: boolean;
  dialog: {
    /** Asks what to wipe. */
    wipeTargets: boolean;
    /** Asks to type the number of devices. */
    typedNumber: boolean;
  };
};

const plainDialog = { wipeTargets: false, typedNumber: false };
export const actionChoices: Record<ActionType, ActionChoice> = {
  approve: { label: texts.approve, onDevice: 'primary-button', inList: true, dialog: plainDialog },
  block: { label: texts.block, onDevice: 'button', inList: true, dialog: plainDialog },
  remove: { label: texts.remove, onDevice: 'menu', inList: true, dialog: plainDialog },
  wipe: { label: texts.wipe, onDevice: 'menu', inList: true, dialog: { wipeTargets: true, typedNumber: true } },
  'cancel-wipe': { label: actionWords['cancel-wipe'], onDevice: 'menu', inList: false, dialog: plainDialog },
};

/** The types that `isOffered` selects, in the order of the domain. */
export const typesOffered = (isOffered: (choice: ActionChoice) => boolean): ActionType[] =>
  actionType.options.filter((type) => isOffered(actionChoices[type]));

/** The type that a menu entry's id names; null for an id of no type. */
export const typeOf = (id: string): ActionType | null => actionType.safeParse(id).data ?? null;
