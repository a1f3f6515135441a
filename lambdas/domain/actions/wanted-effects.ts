/**
 * The effect of each type of action on the server, how far it has progressed, and when it must not be sent. Pure, and the same
 * in the cloud (SmartCloud) and in the relay (on-premises Traveler). The map is exhaustive: a type without an effect does not
 * compile.
 */
import type { Action, ActionType, Shown, WipeTarget } from '#domain/actions/action';
import { isAdmitted, isDenied } from '#domain/actions/own-block';
import { pendingTargets, wipeProgress, wipeRefusal } from '#domain/actions/wipe';
import type { DeviceDetail } from '#domain/devices/device';
import { hasAccess } from '#domain/devices/server-state';

/**
 * How far the effect has progressed, by what the server shows:
 * - `undone`: not there; `done`: there, the action can end;
 * - wipe only: `pending`: on the server, not yet fetched by the phone; `fetched`: fetched by the phone.
 */
export type Progress = 'undone' | 'pending' | 'fetched' | 'done';

/**
 * The context of one attempt. `sent`: it was sent before, so a pending wipe may be ours. `lockBelongs`: once its wipe is
 * cancelled, the device is to stay locked out. `givesBack`: it only lifts our own block, and the device may have had access
 * without any approval.
 */
export type EffectContext = Pick<Action, 'wipeTargets'> & { sent: boolean; lockBelongs: boolean; givesBack?: boolean };

export type Effect = {
  progress(seen: DeviceDetail, about: EffectContext): Progress;
  /** Why it cannot be carried out on this device, for an administrator; null when it can. Called before the write. */
  refuses(seen: DeviceDetail, about: EffectContext): string | null;
  /** Stored as soon as the server has accepted it, before it is read back: a repetition could hit another phone. */
  notedAtOnce: boolean;
  /** A wipe that is pending on the server goes first. */
  givesWay: boolean;
  /** What follows when the server no longer finds the record. */
  gone: 'look-again' | 'done' | 'stale';
  /** The outcome when the server accepted the write and the device shows no effect. */
  withoutEffect(shown: Shown): string;
};

const never = () => null;
const either = (done: boolean): Progress => (done ? 'done' : 'undone');

export const effects: { [K in ActionType]: Effect } = {
  approve: {
    progress: (seen, { givesBack }) => either(isAdmitted(seen) || (givesBack === true && hasAccess({ detail: seen }))),
    refuses: never,
    notedAtOnce: false,
    givesWay: true,
    gone: 'look-again',
    withoutEffect: ({ approval, access }) =>
      isAdmitted({ approval, access: 'allow', wipe: 'none' })
        ? `The server approved the device but still bars its access (${access}), and that bar is not ours. Lift it on the Traveler server.`
        : `The server accepted the approval, and the device still shows ${approval}. Approve it on the Traveler server, and check the rights of our account there.`,
  },
  block: {
    progress: (seen) => either(isDenied(seen)),
    refuses: never,
    notedAtOnce: false,
    givesWay: true,
    gone: 'look-again',
    withoutEffect: ({ approval, access }) =>
      `The server accepted the block, and the device still shows ${approval} with access ${access}. Deny it on the Traveler server, and check the rights of our account there.`,
  },
  remove: {
    progress: () => 'undone',
    refuses: never,
    notedAtOnce: false,
    givesWay: true,
    gone: 'done',
    withoutEffect: () =>
      'The server accepted the removal, and the device is still there. Remove it on the Traveler server, and check the rights of our account there.',
  },
  wipe: {
    progress: (seen, about) => wipeSteps[wipeProgress(seen, { targets: targetsOf(about), sent: about.sent })],
    refuses: (seen, about) =>
      seen.wipe === 'unknown'
        ? 'The server shows a wipe status that cannot be read, so no wipe was sent; ask for cancel-wipe first, or wipe from the Traveler administration.'
        : wipeRefusal(seen.wipeTypes, targetsOf(about)),
    notedAtOnce: true,
    givesWay: false,
    gone: 'stale',
    withoutEffect: () =>
      'The server accepted the wipe, and the device shows none pending. Wipe it from the Traveler administration, and check the rights of our account there.',
  },
  'cancel-wipe': {
    progress: (seen, about) => either(seen.wipe === 'none' && (isDenied(seen) || !about.lockBelongs)),
    refuses: never,
    notedAtOnce: false,
    givesWay: false,
    gone: 'look-again',
    withoutEffect: ({ wipe }) =>
      wipe === 'none'
        ? 'The wipe is cancelled, and the device is no longer locked out though it was before. Deny it on the Traveler server, and check the rights of our account there.'
        : 'The server accepted that the wipe is cancelled, and still shows one. Clear it in the Traveler administration, and check the rights of our account there.',
  },
};

const wipeSteps = { none: 'undone', other: 'undone', pending: 'pending', fetched: 'fetched', wiped: 'done' } as const;
const targetsOf = ({ wipeTargets = [] }: Pick<Action, 'wipeTargets'>) => wipeTargets;

/** The targets that a wipe requests: its own, and those already pending, which only a cancel-wipe cancels. */
export function wipeRequest(seen: DeviceDetail, about: Pick<Action, 'wipeTargets'>): WipeTarget[] {
  const pending = seen.wipe === 'requested' ? (pendingTargets(seen) ?? []) : [];
  return [...new Set([...targetsOf(about), ...pending])];
}
