/**
 * How each type of action is carried out at a Traveler source: what the device must show for it to be done, and the write.
 * The map is exhaustive: an action type without an executor does not compile.
 */
import type { TravelerSource, Written } from '#adapters/traveler/source';
import type { ActionType, Shown } from '#domain/action';
import { isAdmitted, isKeptOut } from '#domain/effects';

export type Executor =
  | {
      carriedOut: true;
      /** The device shows the effect. */
      isDone(shown: Shown): boolean;
      /** `ours`: the device is barred by us. */
      write(source: TravelerSource, href: string, options: { ours: boolean }): Promise<Written>;
      /** The bar is ours from before the write on, so that it is never taken for somebody else's. */
      bars: boolean;
      /** Said when the server accepted the write and the device shows no effect. */
      withoutEffect(shown: Shown): string;
    }
  | { carriedOut: false; why: string };
export type Carrier = Extract<Executor, { carriedOut: true }>;

const notYet = (what: string): Executor => ({
  carriedOut: false,
  why: `This version of the extender does not ${what}. Do it on the Traveler server.`,
});

export const executors: { [K in ActionType]: Executor } = {
  approve: {
    carriedOut: true,
    isDone: isAdmitted,
    write: (source, href, { ours }) => source.approve(href, { liftDenial: ours }),
    bars: false,
    withoutEffect: ({ approval, access }) =>
      isAdmitted({ approval, access: 'allow', wipe: 'none' })
        ? `The server approved the device but still bars its access (${access}), and that bar is not ours. Lift it on the Traveler server.`
        : `The server accepted the approval, and the device still shows ${approval}. Approve it on the Traveler server, and check the rights of our account there.`,
  },
  block: {
    carriedOut: true,
    isDone: isKeptOut,
    write: (source, href) => source.block(href),
    bars: true,
    withoutEffect: ({ approval, access }) =>
      `The server accepted the block, and the device still shows ${approval} with access ${access}. Deny it on the Traveler server, and check the rights of our account there.`,
  },
  remove: notYet('remove devices'),
  wipe: notYet('wipe devices'),
  'cancel-wipe': notYet('cancel wipes'),
};
