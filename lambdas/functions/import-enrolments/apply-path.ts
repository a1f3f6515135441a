/** The ways by which enrolments are taken in anyway (functions/take-enrolment), as the import of MaaS360 uses them. */

import { type TakeEnrolmentDependencies, takeEnrolments } from '#use-cases/enrolments/apply-enrolment';
import type { importEnrolments } from '#use-cases/enrolments/import-enrolments';
import type { ImportDependencies } from './import-enrolments.ts';

type Path = Pick<ImportDependencies, 'takeFew' | 'takeMany' | 'heard' | 'decideEveryone'>;
export type TakingPathDependencies = TakeEnrolmentDependencies & { takeMany: ReturnType<typeof importEnrolments> };

export function takingPath({ takeMany, ...dependencies }: TakingPathDependencies): Path {
  const { enrolments, evaluations, sources } = dependencies;
  const loudly = takeEnrolments(dependencies);
  // That the feed is fresh is said once all that was read is in: nobody is held because it was still on its way.
  const silently = takeEnrolments({ ...dependencies, enrolments: { ...enrolments, heard: async () => 'noted' } });
  return {
    takeFew: silently,
    takeMany: (given) => takeMany(given, 'MaaS360'),
    heard: async () => {
      await loudly([]);
    },
    decideEveryone: () =>
      evaluations.everyone(
        sources.map(({ id }) => id),
        'an import from MaaS360 was cut off',
      ),
  };
}
