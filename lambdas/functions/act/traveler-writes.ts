/**
 * How each type of action is written to a Traveler source that is reached from here. Which effect it expects on the server is in
 * domain/actions/wanted-effects.ts. The map is exhaustive: an action type without a write does not compile.
 */
import type { Written } from '#adapters/traveler/source';
import type { Action, ActionType } from '#domain/actions/action';
import { isDenied, staysDeniedAfterCancelWipe } from '#domain/actions/own-block';
import { wipeRequest } from '#domain/actions/wanted-effects';
import type { Device, DeviceDetail } from '#domain/devices/device';
import type { ActedSource } from './dependencies.ts';

/** The action, its device as stored, and the device's other open actions. */
export type About = {
  action: Pick<Action, 'purpose' | 'wipeTargets'>;
  device: Pick<Device, 'denial'>;
  open: readonly Pick<Action, 'type' | 'before'>[];
};
type Write = (source: ActedSource, href: string, options: { seen: DeviceDetail; about: About }) => Promise<Written>;

/** The approval that a give-back restores; undefined for a plain approval. */
export const approvalBefore = ({ action, device }: About) =>
  action.purpose === 'give-back' ? device.denial?.took?.approval : undefined;

export const writes: { [K in ActionType]: Write } = {
  approve: (source, href, { about }) => {
    const liftDenial = about.device.denial !== null;
    const asBefore = approvalBefore(about);
    return source.approve(href, asBefore === undefined ? { liftDenial } : { liftDenial, asBefore });
  },
  block: (source, href) => source.block(href),
  remove: (source, href) => source.remove(href),
  wipe: (source, href, { seen, about }) => source.wipe(href, wipeRequest(seen, about.action)),
  'cancel-wipe': cancelWipe,
};

/** On some servers cancelling a wipe also removes the block: a device that must stay denied is blocked again. Idempotent. */
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
