/**
 * How each type of action is carried out at a Traveler source that is reached from here: its effect (domain/action-effects.ts),
 * and the write. The map is exhaustive: an action type without an executor does not compile.
 */
import type { Written } from '#adapters/traveler/source';
import type { ActionType } from '#domain/actions/action';
import { type Effect, type EffectContext, effects, type Progress, wipeRequest } from '#domain/actions/executor-rules';
import { isDenied, staysDeniedAfterCancelWipe } from '#domain/actions/our-denial';
import type { DeviceDetail } from '#domain/devices/device';
import type { ActedSource, Try } from './dependencies.ts';

/** What stands around one try: the action itself, the device as stored, the other open actions. */
export type About = Pick<Try, 'action' | 'device' | 'open'>;

export type { Progress };
export type Executor = Omit<Effect, 'progress' | 'refuses'> & {
  progress(seen: DeviceDetail, about: About): Progress;
  refuses(seen: DeviceDetail, about: About): string | null;
  write(source: ActedSource, href: string, options: { seen: DeviceDetail; about: About }): Promise<Written>;
};

/** From the claim of a try that was never settled on, it may have gone out. */
export const circumstances = (about: About): EffectContext => ({
  ...(about.action.wipeTargets ? { wipeTargets: about.action.wipeTargets } : {}),
  sent: about.action.state !== 'dispatched',
  lockBelongs: staysDeniedAfterCancelWipe(about),
  givesBack: about.action.purpose === 'give-back',
});

const writes: { [K in ActionType]: Executor['write'] } = {
  approve: (source, href, { about: { action, device } }) => {
    const liftDenial = device.denial !== null;
    const before = action.purpose === 'give-back' ? device.denial?.took?.approval : undefined;
    return source.approve(href, before === undefined ? { liftDenial } : { liftDenial, asBefore: before });
  },
  block: (source, href) => source.block(href),
  remove: (source, href) => source.remove(href),
  wipe: (source, href, { seen, about }) => source.wipe(href, wipeRequest(seen, about.action)),
  'cancel-wipe': cancelWipe,
};

const executor = (type: ActionType): Executor => ({
  ...effects[type],
  progress: (seen, about) => effects[type].progress(seen, circumstances(about)),
  refuses: (seen, about) => effects[type].refuses(seen, circumstances(about)),
  write: writes[type],
});

export const executors: { [K in ActionType]: Executor } = {
  approve: executor('approve'),
  block: executor('block'),
  remove: executor('remove'),
  wipe: executor('wipe'),
  'cancel-wipe': executor('cancel-wipe'),
};

/** Lifting a wipe lifts the lock with it on some servers: where it belongs, the device is locked again. Repeated, it completes. */
async function cancelWipe(
  source: ActedSource,
  href: string,
  { seen, about }: { seen: DeviceDetail; about: About },
): Promise<Written> {
  if (seen.wipe !== 'none' && (await source.cancelWipe(href)) === 'gone') return 'gone';
  if (!staysDeniedAfterCancelWipe(about)) return 'accepted';
  const found = await source.detail(href);
  if (found === 'gone') return 'gone';
  return isDenied(found.detail) ? 'accepted' : source.block(href);
}
