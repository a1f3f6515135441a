/** Which enrolments hold a device's id: the strong half of matching. */
import type { Enrolment } from '#domain/enrolment';

/** Through which of its ids an enrolment was found. */
export type Hit = { enrolment: Enrolment; via: 'mail id' | 'secure mail id' | 'serial number' };
/** Hits by device id in lower case. */
export type DeviceIndex = ReadonlyMap<string, Hit[]>;

const noHits: readonly Hit[] = [];
const emptyIndex: DeviceIndex = new Map();

/** Only status `enrolled`, in any letter case, counts. */
export function isEnrolled({ status }: Enrolment): boolean {
  return status === 'Enrolled' || status.trim().toLowerCase() === 'enrolled';
}

/** The same enrolment given twice, as an older and a newer version, counts once: the newest. Order of `given` never matters. */
export function newestVersions(given: readonly Enrolment[]): readonly Enrolment[] {
  if (given.length < 2) return given;
  const byId = new Map<string, Enrolment>();
  for (const enrolment of given) {
    const other = byId.get(enrolment.id);
    if (!other || enrolment.version > other.version) byId.set(enrolment.id, enrolment);
  }
  return byId.size === given.length ? given : [...byId.values()];
}

/** Every id under which an enrolment's phone can turn up: its mail ids, its secure mail ids, `Appl` and its serial. */
export function indexDeviceIds(enrolments: readonly Enrolment[]): DeviceIndex {
  if (enrolments.length === 0) return emptyIndex;
  const index = new Map<string, Hit[]>();
  for (const enrolment of enrolments) {
    for (const id of enrolment.mailDeviceIds) add(index, id, { enrolment, via: 'mail id' });
    for (const id of enrolment.secureMailDeviceIds ?? []) add(index, id, { enrolment, via: 'secure mail id' });
    if (enrolment.serial) add(index, `appl${enrolment.serial}`, { enrolment, via: 'serial number' });
  }
  return index;
}

function add(index: Map<string, Hit[]>, id: string, hit: Hit): void {
  const key = id.toLowerCase();
  const hits = index.get(key);
  if (hits) hits.push(hit);
  else index.set(key, [hit]);
}

/**
 * The device matches of a device, one per enrolment, by enrolment id: with the enrolled ones where there are any, else with
 * those that no longer count.
 */
export function deviceMatches(index: DeviceIndex, id: string): readonly Hit[] {
  const hits = index.get(id);
  if (!hits) return noHits;
  if (hits.length === 1) return hits;
  const enrolled = hits.filter(({ enrolment }) => isEnrolled(enrolment));
  const firstOfEach = new Map((enrolled.length > 0 ? enrolled : hits).toReversed().map((hit) => [hit.enrolment.id, hit]));
  return [...firstOfEach.values()].sort((a, b) => (a.enrolment.id < b.enrolment.id ? -1 : 1));
}

export function isListedAsSecureMail(index: DeviceIndex, id: string): boolean {
  return index.get(id)?.some(({ via }) => via === 'secure mail id') ?? false;
}
