/**
 * How each type of action is carried out at a Traveler source: how far the server shows it, and the write.
 * The map is exhaustive: an action type without an executor does not compile.
 */
import type { TravelerSource, Written } from '#adapters/traveler/source';
import type { Action, ActionType, Shown } from '#domain/action';
import type { DeviceDetail } from '#domain/device';
import { isAdmitted, isKeptOut, lockBelongs } from '#domain/effects';
import { pendingTargets, wipeProgress, wipeRefusal } from '#domain/wipe';
import type { Try } from './dependencies.ts';

/** What stands around one try: the action itself, the device as stored, the other open actions. */
export type About = Pick<Try, 'action' | 'device' | 'open'>;

/**
 * How far the effect has come, by what the server shows:
 * - `undone`: not there; `done`: there, the end;
 * - wipe only: `pending`: the server has it, the phone not yet; `fetched`: the phone has it.
 */
export type Progress = 'undone' | 'pending' | 'fetched' | 'done';

export type Executor = {
  progress(seen: DeviceDetail, about: About): Progress;
  /** Why it cannot be carried out on this device, for an administrator; null when it can. Asked before the write. */
  refuses(seen: DeviceDetail, about: About): string | null;
  write(source: TravelerSource, href: string, options: { seen: DeviceDetail; about: About }): Promise<Written>;
  /** The bar is ours from before the write on, so that it is never taken for somebody else's. */
  bars: boolean;
  /** A wipe that is pending on the server goes first. */
  givesWay: boolean;
  /** What it means that the server no longer finds the record. */
  gone: 'look-again' | 'done' | 'stale';
  /** Said when the server accepted the write and the device shows no effect. */
  withoutEffect(shown: Shown): string;
};

const never = () => null;
const either = (done: boolean): Progress => (done ? 'done' : 'undone');

export const executors: { [K in ActionType]: Executor } = {
  approve: {
    progress: (seen) => either(isAdmitted(seen)),
    refuses: never,
    write: (source, href, { about }) => source.approve(href, { liftDenial: about.device.denial !== null }),
    bars: false,
    givesWay: true,
    gone: 'look-again',
    withoutEffect: ({ approval, access }) =>
      isAdmitted({ approval, access: 'allow', wipe: 'none' })
        ? `The server approved the device but still bars its access (${access}), and that bar is not ours. Lift it on the Traveler server.`
        : `The server accepted the approval, and the device still shows ${approval}. Approve it on the Traveler server, and check the rights of our account there.`,
  },
  block: {
    progress: (seen) => either(isKeptOut(seen)),
    refuses: never,
    write: (source, href) => source.block(href),
    bars: true,
    givesWay: true,
    gone: 'look-again',
    withoutEffect: ({ approval, access }) =>
      `The server accepted the block, and the device still shows ${approval} with access ${access}. Deny it on the Traveler server, and check the rights of our account there.`,
  },
  remove: {
    progress: () => 'undone',
    refuses: never,
    write: (source, href) => source.remove(href),
    bars: false,
    givesWay: true,
    gone: 'done',
    withoutEffect: () =>
      'The server accepted the removal, and the device is still there. Remove it on the Traveler server, and check the rights of our account there.',
  },
  wipe: {
    progress: (seen, { action }) => wipeSteps[wipeProgress(seen, { targets: targetsOf(action), sent: wasSent(action) })],
    refuses: (seen, { action }) =>
      seen.wipe === 'unknown'
        ? 'The server shows a wipe status that cannot be read, so no wipe was sent; ask for cancel-wipe first, or wipe from the Traveler administration.'
        : wipeRefusal(seen.wipeTypes, targetsOf(action)),
    // What else is pending stays pending: a wipe is taken back by a cancel-wipe only.
    write: (source, href, { seen, about }) => source.wipe(href, [...targetsOf(about.action), ...stillPending(seen)]),
    bars: false,
    givesWay: false,
    gone: 'stale',
    withoutEffect: () =>
      'The server accepted the wipe, and the device shows none pending. Wipe it from the Traveler administration, and check the rights of our account there.',
  },
  'cancel-wipe': {
    progress: (seen, about) => either(seen.wipe === 'none' && (isKeptOut(seen) || !lockBelongs(about))),
    refuses: never,
    write: cancelWipe,
    bars: false,
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
const stillPending = (seen: DeviceDetail) => (seen.wipe === 'requested' ? (pendingTargets(seen) ?? []) : []);
/** From the claim of a try that was never settled on, it may have gone out. */
const wasSent = ({ state }: Pick<Action, 'state'>) => state !== 'dispatched';

/** Lifting a wipe lifts the lock with it on some servers: where it belongs, the device is locked again. Repeated, it completes. */
async function cancelWipe(
  source: TravelerSource,
  href: string,
  { seen, about }: { seen: DeviceDetail; about: About },
): Promise<Written> {
  if (seen.wipe !== 'none' && (await source.cancelWipe(href)) === 'gone') return 'gone';
  if (!lockBelongs(about)) return 'accepted';
  const found = await source.detail(href);
  if (found === 'gone') return 'gone';
  return isKeptOut(found.detail) ? 'accepted' : source.block(href);
}
