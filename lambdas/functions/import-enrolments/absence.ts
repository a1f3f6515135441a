/** Which enrolments a complete read of MaaS360 no longer lists, and which of them no longer count as enrolled. */
import type { EnrolmentStore } from '#adapters/dynamodb/enrolments/enrolments';
import type { Problem } from '#domain/devices/source';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { isOfMaas360, nextVersion, unlisted } from '#domain/enrolment/maas360-device';
import type { RuntimeConfiguration } from '#domain/runtime/configuration';

type Dependencies = {
  enrolments: Pick<EnrolmentStore, 'list'>;
  guard: Pick<RuntimeConfiguration['guard'], 'maxDevices' | 'maxPercent'>;
};
/** `before`: ids that the last complete read did not list. `seen`: ids that this one lists. */
type Compared = { before: readonly string[]; seen: ReadonlySet<string>; at: number };
export type Absence = { absent: string[]; withdrawn: Enrolment[]; problem: Problem | null };

/** As many ids as fit the item that stores them; the others wait for a later read. */
const mostRemembered = 3000;

export async function absentFrom({ enrolments, guard }: Dependencies, { before, seen, at }: Compared): Promise<Absence> {
  const { all, missing } = await notSeen(enrolments, seen);
  const known = new Set(before);
  const gone = missing.filter(({ id }) => known.has(id));
  const ids = missing.map(({ id }) => id);
  const tooMany = gone.length > guard.maxDevices && gone.length > (all * guard.maxPercent) / 100;
  if (tooMany || (seen.size === 0 && all > 0))
    return { absent: ids.slice(0, mostRemembered), withdrawn: [], problem: suspicious(missing.length, { all, at }) };
  const withdrawn = gone.flatMap((one) => nextVersion({ ...one, status: unlisted }, one) ?? []);
  return { absent: ids.filter((id) => !known.has(id)).slice(0, mostRemembered), withdrawn, problem: null };
}

async function notSeen(
  enrolments: Dependencies['enrolments'],
  seen: ReadonlySet<string>,
): Promise<{ all: number; missing: Enrolment[] }> {
  const missing: Enrolment[] = [];
  let all = 0;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<EnrolmentStore['list']>> = await enrolments.list(cursor, 1000);
    const own = page.enrolments.filter((one) => isOfMaas360(one) && one.status !== unlisted);
    all += own.length;
    missing.push(...own.filter(({ id }) => !seen.has(id)));
    cursor = page.cursor;
  } while (cursor !== null);
  return { all, missing };
}

function suspicious(missing: number, { all, at }: { all: number; at: number }): Problem {
  return {
    kind: 'refused',
    what: `MaaS360 no longer lists ${missing} of ${all} enrolments: more than the guard allows. None was withdrawn`,
    where: 'MaaS360 device search',
    remedy:
      'Look in MaaS360 whether they are really gone. If so, raise guard.maxDevices in the configuration until the next whole read.',
    at,
  };
}
