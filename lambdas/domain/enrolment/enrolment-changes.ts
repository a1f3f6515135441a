/**
 * What an import or a snapshot changes about one enrolment, from its stored and its wanted form. Pure; null when nothing changes.
 */
import { isEnrolled } from '#domain/enrolment/device-match';
import type { Enrolment } from '#domain/enrolment/enrolment';

/** As stored. `formers`: earlier forms not yet announced to evaluation; `absent`: a snapshot did not contain it. */
export type StoredEnrolment = { enrolment: Enrolment; formers: Enrolment[]; absent: boolean };
/** `absentSince`: not in a snapshot made then (epoch ms); an enrolment that changed later is kept. */
export type Wanted = { id: string; enrolment: Enrolment } | { id: string; absentSince: number };
export type EnrolmentChange = { before: StoredEnrolment | null; next: StoredEnrolment };

/** The status of an enrolment that the portal's last snapshot did not contain. */
export const absentStatus = 'not in the portal’s last snapshot';

export function enrolmentChange(before: StoredEnrolment | null, wanted: Wanted): EnrolmentChange | null {
  if ('enrolment' in wanted) return put(before, wanted.enrolment);
  if (before === null || before.absent || !isEnrolled(before.enrolment)) return null;
  if (changedMs(before.enrolment) >= wanted.absentSince) return null;
  return { before, next: { ...before, enrolment: { ...before.enrolment, status: absentStatus }, absent: true } };
}

function put(before: StoredEnrolment | null, enrolment: Enrolment): EnrolmentChange | null {
  if (before === null) return { before, next: { enrolment, formers: [], absent: false } };
  if (enrolment.version < before.enrolment.version) return null;
  if (enrolment.version === before.enrolment.version && !before.absent) return null;
  return { before, next: { enrolment, formers: before.formers, absent: false } };
}

/** A snapshot replaces everything; an import adds to what is stored. Of an id given twice, the newest version counts. */
export function wantedOf(
  given: readonly Enrolment[],
  { stored, snapshotAt }: { stored: Iterable<string>; snapshotAt: number | null },
): Wanted[] {
  const newest = new Map<string, Enrolment>();
  for (const enrolment of given) {
    const known = newest.get(enrolment.id);
    if (!known || known.version < enrolment.version) newest.set(enrolment.id, enrolment);
  }
  const puts = [...newest].map(([id, enrolment]): Wanted => ({ id, enrolment }));
  if (snapshotAt === null) return puts;
  const absent = [...stored].filter((id) => !newest.has(id));
  return [...puts, ...absent.map((id): Wanted => ({ id, absentSince: snapshotAt }))];
}

const changedMs = ({ changedAt }: Enrolment): number => (typeof changedAt === 'number' ? changedAt : Date.parse(changedAt));
