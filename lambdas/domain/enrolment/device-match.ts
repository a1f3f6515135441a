/** Which enrolments have a device's id: the stronger kind of match. Ids are compared ignoring letter case. */
import type { Enrolment } from '#domain/enrolment/enrolment';

/** The kind of id by which an enrolment was found. */
export type Via = 'mail id' | 'secure mail id' | 'serial number';
export type Hit = { enrolment: Enrolment; via: Via };
/** The hits of a device id (in lower case), in no particular order. */
export type Finder = (id: string) => readonly Hit[];

const noHits: readonly Hit[] = [];
/** With more enrolments than this, building an index is cheaper than searching all of them for each device. */
const fewEnrolments = 8;

/** Only status `enrolled`, in any letter case, counts. */
export function isEnrolled({ status }: Enrolment): boolean {
  return status === 'Enrolled' || status.trim().toLowerCase() === 'enrolled';
}

/** Finds the enrolments that have a device's id, whatever their status. */
export function deviceFinder(enrolments: readonly Enrolment[]): Finder {
  const narrow = enrolments.length > fewEnrolments ? indexById(enrolments) : () => enrolments;
  return (id) => {
    let hits: Hit[] | null = null;
    for (const enrolment of narrow(id)) {
      const via = viaOf(enrolment, id);
      if (via === null) continue;
      if (hits === null) hits = [{ enrolment, via }];
      else hits.push({ enrolment, via });
    }
    return hits ?? noHits;
  };
}

/** Whether any of these enrolments lists this id (in lower case) among its secure mail ids. */
export function isListedAsSecureMail(hits: readonly Hit[], id: string): boolean {
  for (const { enrolment } of hits)
    if (enrolment.secureMailDeviceIds && includesId(enrolment.secureMailDeviceIds, id)) return true;
  return false;
}

/**
 * The device matches among a device's hits, one per enrolment, sorted by enrolment id: the enrolled ones if there are any,
 * otherwise those that no longer count.
 */
export function deviceMatches(hits: readonly Hit[]): readonly Hit[] {
  if (hits.length < 2) return hits;
  const enrolled = hits.filter(({ enrolment }) => isEnrolled(enrolment));
  const byId = new Map((enrolled.length > 0 ? enrolled : hits).map((hit) => [hit.enrolment.id, hit]));
  return [...byId.values()].sort((a, b) => (a.enrolment.id < b.enrolment.id ? -1 : 1));
}

function viaOf({ mailDeviceIds, secureMailDeviceIds, serial }: Enrolment, id: string): Via | null {
  if (includesId(mailDeviceIds, id)) return 'mail id';
  if (secureMailDeviceIds && includesId(secureMailDeviceIds, id)) return 'secure mail id';
  return serial && isSerialId(id, serial) ? 'serial number' : null;
}

function includesId(ids: readonly string[], id: string): boolean {
  for (const one of ids) if (one.length === id.length && one.toLowerCase() === id) return true;
  return false;
}

/** `Appl` and the serial number: the device id of Apple's mail program. */
function isSerialId(id: string, serial: string): boolean {
  return id.length === serial.length + 4 && id.startsWith('appl') && id.endsWith(serial.toLowerCase());
}

const noEnrolments: readonly Enrolment[] = [];

function indexById(enrolments: readonly Enrolment[]): (id: string) => readonly Enrolment[] {
  const index = new Map<string, Set<Enrolment>>();
  for (const enrolment of enrolments) {
    const { mailDeviceIds, secureMailDeviceIds = [], serial } = enrolment;
    for (const id of [...mailDeviceIds, ...secureMailDeviceIds, ...(serial ? [`appl${serial}`] : [])]) {
      const key = id.toLowerCase();
      index.set(key, (index.get(key) ?? new Set()).add(enrolment));
    }
  }
  return (id) => [...(index.get(id) ?? noEnrolments)];
}
