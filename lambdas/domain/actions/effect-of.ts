/** The effect of an attempt's action, as seen from that attempt. */
import type { Action, ActionState } from '#domain/actions/action';
import type { AttemptOnDevice } from '#domain/actions/attempt';
import { stateOf } from '#domain/actions/attempt-steps';
import { staysDeniedAfterCancelWipe } from '#domain/actions/own-block';
import { type Effect, type EffectContext, effects, type Progress } from '#domain/actions/wanted-effects';
import type { Device, DeviceDetail } from '#domain/devices/device';

type About = {
  action: Pick<Action, 'type' | 'purpose' | 'wipeTargets'>;
  device: Pick<Device, 'denial'>;
  open: readonly Pick<Action, 'type' | 'before'>[];
  state: ActionState;
};

/** `sent`: unless it is only dispatched, an earlier attempt may have sent it. */
export const effectContext = ({ action, device, open, state }: About): EffectContext => ({
  ...(action.wipeTargets ? { wipeTargets: action.wipeTargets } : {}),
  sent: state !== 'dispatched',
  lockBelongs: staysDeniedAfterCancelWipe({ device, open }),
  givesBack: action.purpose === 'give-back',
});

export type EffectHere = Pick<Effect, 'givesWay' | 'notedAtOnce' | 'gone' | 'withoutEffect'> & {
  progress(seen: DeviceDetail): Progress;
  refuses(seen: DeviceDetail): string | null;
};

export function effectOf(attempt: AttemptOnDevice): EffectHere {
  const effect = effects[attempt.action.type];
  const context = effectContext({ ...attempt, state: stateOf(attempt) });
  return {
    ...effect,
    progress: (seen) => effect.progress(seen, context),
    refuses: (seen) => effect.refuses(seen, context),
  };
}
