/**
 * All enrolments in memory, with the same lookup as the stored ones: for the plan of a whole fleet, and for trying out an
 * import or a snapshot before any of it is stored. About a kilobyte per enrolment.
 */
import type { DocumentClient } from '#adapters/dynamodb/client';
import type { CandidateQuestion, Candidates } from '#adapters/dynamodb/enrolments/enrolment-candidates';
import { pointerKeysOf } from '#adapters/dynamodb/enrolments/enrolment-pointers';
import { enrolmentSk, enrolmentUserPk, mailPointerPk, namePointerPk, travelerPointerPk } from '#adapters/dynamodb/keys';
import { scanSegments } from '#adapters/dynamodb/query-pages';
import { canonicalName, commonName } from '#domain/devices/names';
import { type Enrolment, enrolment as enrolmentSchema } from '#domain/enrolment/enrolment';

export type EnrolmentIndex = { candidates(question: CandidateQuestion): Candidates };

/** `all`: each enrolment once. */
export function enrolmentIndex(all: Iterable<Enrolment>): EnrolmentIndex {
  const byUser = new Map<string, Enrolment[]>();
  const pointers = new Map<string, string[]>();
  for (const enrolment of all) {
    const email = enrolment.user.email.toLowerCase();
    const own = byUser.get(email);
    if (own) own.push(enrolment);
    else byUser.set(email, [enrolment]);
    for (const { pk } of pointerKeysOf(enrolment)) {
      const emails = pointers.get(pk);
      if (!emails) pointers.set(pk, [email]);
      else if (!emails.includes(email)) emails.push(email);
    }
  }
  const emailsAt = (pk: string) => pointers.get(pk) ?? [];
  return {
    candidates({ user, deviceIds, links }) {
      const sameNamePortalUsers = [...emailsAt(namePointerPk(commonName(user)))];
      const emails = new Set([
        ...emailsAt(travelerPointerPk(canonicalName(user))),
        ...deviceIds.flatMap((id) => emailsAt(mailPointerPk(id))),
        ...links.flatMap(({ kind, portalUser }) => (kind === 'confirmed' ? [portalUser.toLowerCase()] : [])),
        ...sameNamePortalUsers,
      ]);
      return { enrolments: [...emails].flatMap((email) => byUser.get(email) ?? []), sameNamePortalUsers };
    },
  };
}

const segments = 4;

/** Every stored enrolment, by id. Strongly consistent. */
export async function readAllEnrolments(client: DocumentClient, table: string): Promise<Map<string, Enrolment>> {
  const found = new Map<string, Enrolment>();
  const scan = {
    TableName: table,
    ConsistentRead: true,
    FilterExpression: 'begins_with(sk, :enrolment) AND begins_with(pk, :user)',
    ExpressionAttributeValues: { ':enrolment': enrolmentSk(''), ':user': enrolmentUserPk('') },
  };
  await scanSegments(client, scan, {
    segments,
    visit: ({ items }) => {
      for (const enrolment of items.map((item) => enrolmentSchema.parse(item))) found.set(enrolment.id, enrolment);
    },
  });
  return found;
}
