/** Reads everything about enrolments that a verdict on one Traveler user needs. Strongly consistent. */
import pMap from 'p-map';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { enrolmentSk, enrolmentUserPk, mailPointerPk, namePointerPk, travelerPointerPk } from '#adapters/dynamodb/keys';
import { allItems } from '#adapters/dynamodb/query-pages';
import { canonicalName, commonName } from '#domain/devices/names';
import { type Enrolment, enrolment as enrolmentSchema, type Link } from '#domain/enrolment/enrolment';

export type CandidateQuestion = {
  /** Traveler user name as the source spells it. */
  user: string;
  /** Ids of all of the user's devices at the source. */
  deviceIds: readonly string[];
  links: readonly Pick<Link, 'kind' | 'portalUser'>[];
};
/** `sameNamePortalUsers`: emails of the portal users whose display name is the Traveler user's common name. */
export type Candidates = { enrolments: Enrolment[]; sameNamePortalUsers: string[] };

const pointerItem = z.object({ email: z.string() });
const atOnce = { concurrency: 16 };

export function candidateReader(client: DocumentClient, table: string) {
  const query = (pk: string, prefix: string): Promise<Record<string, unknown>[]> =>
    allItems(client, {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: prefix ? 'pk = :pk AND begins_with(sk, :prefix)' : 'pk = :pk',
      ExpressionAttributeValues: prefix ? { ':pk': pk, ':prefix': prefix } : { ':pk': pk },
    });
  const emailsAt = async (pk: string) => (await query(pk, '')).map((item) => pointerItem.parse(item).email);

  async function ofPortalUser(email: string): Promise<Enrolment[]> {
    const items = await query(enrolmentUserPk(email), enrolmentSk(''));
    return items.map((item) => enrolmentSchema.parse(item));
  }
  async function ofPortalUsers(emails: Iterable<string>): Promise<Enrolment[]> {
    const distinct = [...new Set([...emails].map((email) => email.toLowerCase()))];
    return (await pMap(distinct, ofPortalUser, atOnce)).flat();
  }

  return {
    ofPortalUsers,

    /** Enrolments of every portal user that a device id, the Traveler name, a confirmed link or the display name leads to. */
    async candidates({ user, deviceIds, links }: CandidateQuestion): Promise<Candidates> {
      const pointers = [...new Set([...deviceIds.map(mailPointerPk), travelerPointerPk(canonicalName(user))])];
      const [found, named] = await Promise.all([pMap(pointers, emailsAt, atOnce), emailsAt(namePointerPk(commonName(user)))]);
      const linked = links.filter((link) => link.kind === 'confirmed').map((link) => link.portalUser);
      const sameName = [...new Set(named)];
      const enrolments = await ofPortalUsers([...found.flat(), ...linked, ...sameName]);
      return { enrolments, sameNamePortalUsers: sameName };
    },
  };
}
