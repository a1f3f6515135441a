/**
 * Which Traveler users an enrolment can concern: owners of devices it vouches for, users whose name is its user's, and users
 * whom a person linked to its user. Reads the Devices indexes, which are eventually consistent: what was written just before is
 * checked a second time (docs/decisions/0014-indexes-trail.md).
 */
import pMap from 'p-map';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { deviceIdsOf } from '#adapters/dynamodb/enrolments/enrolment-pointers';
import { deviceIdKey, indexes, linkIdKey, parseUserPk } from '#adapters/dynamodb/keys';
import { allItems } from '#adapters/dynamodb/query-pages';
import type { UserKey } from '#domain/devices/device';
import { canonicalName, commonName } from '#domain/devices/names';
import type { Enrolment } from '#domain/enrolment/enrolment';

const keyItem = z.object({ pk: z.string() });

export function affectedUsersFinder(client: DocumentClient, devicesTable: string) {
  async function pksBy(index: 'byDeviceId' | 'byName', value: string): Promise<string[]> {
    const items = await allItems(client, {
      TableName: devicesTable,
      IndexName: indexes[index],
      KeyConditionExpression: '#key = :value',
      ExpressionAttributeNames: { '#key': index === 'byDeviceId' ? 'idKey' : 'nameKey' },
      ExpressionAttributeValues: { ':value': value },
    });
    return items.map((item) => keyItem.parse(item).pk);
  }

  /** `enrolments`: all of one portal user's (and their earlier forms). Each user once, in no particular order. */
  return async function usersOf(enrolments: readonly Enrolment[]): Promise<UserKey[]> {
    const deviceIds = new Set(enrolments.flatMap(deviceIdsOf).map(deviceIdKey));
    const names = new Set(enrolments.flatMap(({ user }) => (user.name?.trim() ? [user.name.trim().toLowerCase()] : [])));
    const travelers = new Set(
      enrolments.flatMap(({ user }) => (user.travelerUser?.trim() ? [canonicalName(user.travelerUser)] : [])),
    );
    const linked = new Set(enrolments.map(({ user }) => linkIdKey(user.email)));
    const lookups: (() => Promise<string[]>)[] = [
      ...[...deviceIds, ...linked].map((id) => () => pksBy('byDeviceId', id)),
      ...[...names].map((name) => () => pksBy('byName', name)),
      ...[...travelers].map((traveler) => async () => {
        const sameName = await pksBy('byName', commonName(traveler));
        return sameName.filter((pk) => canonicalName(parseUserPk(pk).user) === traveler);
      }),
    ];
    const found = await pMap(lookups, (lookup) => lookup(), { concurrency: 16 });
    return [...new Set(found.flat())].map(parseUserPk);
  };
}
