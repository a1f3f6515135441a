/** The path of `EnrolmentChanged`, in two steps: pages are taken in silently; that the feed is fresh is said once all are in. */
import { type TakeEnrolmentDependencies, takeEnrolments } from '#functions/take-enrolment/take-enrolment';
import type { ImportDependencies } from './import-enrolments.ts';

export function takingPath(dependencies: TakeEnrolmentDependencies): Pick<ImportDependencies, 'take' | 'heard'> {
  const { enrolments } = dependencies;
  const loudly = takeEnrolments(dependencies);
  const silently = takeEnrolments({ ...dependencies, enrolments: { ...enrolments, heard: async () => 'noted' } });
  return {
    take: silently,
    heard: async () => {
      await loudly([]);
    },
  };
}
