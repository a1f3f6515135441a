/** How each type of action is written to the source. The map is exhaustive: a type without a write does not compile. */
import type { Written } from '#adapters/traveler/contract';
import type { ActionType } from '#domain/actions/action';
import { wipeRequest } from '#domain/actions/wanted-effects';
import type { DeviceDetail, DeviceKey } from '#domain/devices/device';
import type { ActionCommand } from '#domain/relay/relay-protocol';
import type { RelaySource } from '../ports.ts';

export type WriteSource = Pick<RelaySource, 'approve' | 'block' | 'remove' | 'wipe' | 'cancelWipe'>;
type Write = (
  source: WriteSource,
  target: DeviceKey & { href: string },
  about: { command: ActionCommand; before: DeviceDetail },
) => Promise<Written>;

const writes: { [K in ActionType]: Write } = {
  approve: (source, target, { command: { liftDenial, asBefore }, before: { wipe } }) =>
    source.approve(target, { liftDenial, wipe, ...(asBefore === undefined ? {} : { asBefore }) }),
  block: (source, target) => source.block(target),
  remove: (source, target) => source.remove(target),
  wipe: (source, target, { command, before }) => source.wipe(target, wipeRequest(before, command)),
  // No wipe is left, but the action is not done: only the lock is missing.
  'cancel-wipe': (source, target, { command, before }) =>
    before.wipe === 'none'
      ? source.block(target)
      : source.cancelWipe(target, { lock: command.lockBelongs, approval: before.approval }),
};

export function writeAction(source: WriteSource, command: ActionCommand, before: DeviceDetail): Promise<Written> {
  return writes[command.what](source, targetOf(command), { command, before });
}

export const targetOf = ({ target, href }: ActionCommand): DeviceKey & { href: string } => ({ ...target, href });
