/** How the import of MaaS360 applies enrolments: in the same ways as every other function (use-cases/enrolments). */

import { type ApplyEnrolmentDependencies, applyEnrolments } from '#use-cases/enrolments/apply-enrolments';
import type { importEnrolments } from '#use-cases/enrolments/import-enrolments';
import type { ImportDependencies } from './import-enrolments.ts';

type Path = Pick<ImportDependencies, 'takeFew' | 'takeMany' | 'heard' | 'decideEveryone'>;
export type ApplyPathDependencies = ApplyEnrolmentDependencies & { takeMany: ReturnType<typeof importEnrolments> };

export function applyPath({ takeMany, ...dependencies }: ApplyPathDependencies): Path {
  const { enrolments, evaluations, sources } = dependencies;
  const withFeedEvent = applyEnrolments(dependencies);
  // That the feed is fresh is said once all that was read is in: nobody is held because it was still on its way.
  const withoutFeedEvent = applyEnrolments({
    ...dependencies,
    enrolments: { ...enrolments, noteEvent: async () => ({ outcome: 'noted' as const }) },
  });
  return {
    takeFew: withoutFeedEvent,
    takeMany: (given) => takeMany(given, 'MaaS360'),
    heard: async () => {
      await withFeedEvent([]);
    },
    decideEveryone: () =>
      evaluations.everyone(
        sources.map(({ id }) => id),
        'an import from MaaS360 was cut off',
      ),
  };
}
