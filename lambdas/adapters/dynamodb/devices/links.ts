/**
 * Links between Traveler users and portal users: a person's last decision counts. They are among the items of the Traveler
 * user (Devices table). One item per pair; earlier decisions are in the journal. The index of device ids leads from the
 * portal user to the Traveler user, so that an enrolment finds users that only a link connects to it.
 */
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { sourceLineItem, timelineItem } from '#adapters/dynamodb/journal/timeline';
import { deviceSk, linkIdKey, linkSk, userPk } from '#adapters/dynamodb/keys';
import { allItems } from '#adapters/dynamodb/query-pages';
import { doneOnce } from '#adapters/dynamodb/transactions';
import { realTiming } from '#adapters/retry-timing';
import type { UserKey } from '#domain/devices/device';
import { type Link, link as linkSchema } from '#domain/enrolment/enrolment';
import { linkLine } from '#domain/quarantine/source-lines';

export type LinkStore = ReturnType<typeof linkStore>;

/** DynamoDB allows a hundred items in a transaction: the link, the source's line, and a line for each of this many devices. */
const mostDeviceLines = 90;

/** Links in DynamoDB. `timing`: of retries. */
export function linkStore(client: DocumentClient, tables: { devices: string; journal: string }, { timing = realTiming } = {}) {
  const items = (key: UserKey, prefix: string) =>
    allItems(client, {
      TableName: tables.devices,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': userPk(key), ':prefix': prefix },
    });

  async function devicesOf(key: UserKey): Promise<string[]> {
    return (await items(key, deviceSk(''))).map(({ sk }) => String(sk).slice(deviceSk('').length));
  }

  return {
    /** Stores a person's decision, with its lines, unless a newer one about the pair is stored. Returns whether it was stored. */
    async say(key: UserKey, link: Link): Promise<boolean> {
      const line = linkLine(key.user, link);
      const lines = (await devicesOf(key)).slice(0, mostDeviceLines).map((deviceId) => timelineItem({ ...key, deviceId }, line));
      const put = {
        TableName: tables.devices,
        Item: { pk: userPk(key), sk: linkSk(link.portalUser), ...link, idKey: linkIdKey(link.portalUser) },
        ConditionExpression: 'attribute_not_exists(pk) OR #at < :at',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':at': link.at },
      };
      const puts = [sourceLineItem(key.sourceId, line), ...lines].map((Item) => ({ Put: { TableName: tables.journal, Item } }));
      const TransactItems = [{ Put: put }, ...puts];
      return doneOnce(() => client.send(new TransactWriteCommand({ TransactItems })), 'A link', timing);
    },

    /** The last decision about each portal user, ordered by portal user. */
    async of(key: UserKey): Promise<Link[]> {
      return (await items(key, linkSk(''))).map((item) => linkSchema.parse(item));
    },

    async knowsUser(key: UserKey): Promise<boolean> {
      return (await devicesOf(key)).length > 0;
    },
  };
}
