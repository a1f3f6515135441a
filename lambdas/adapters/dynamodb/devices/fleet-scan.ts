/**
 * Every user of some sources, each once, as a stream: the Devices table is scanned in parallel segments. All items of a user
 * share one partition key, and a scan returns those together, so only one user at a time is in memory, however large the fleet.
 */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { emptyUser, takeUserItem, type UserRecord } from '#adapters/dynamodb/devices/users';
import { parseUserPk } from '#adapters/dynamodb/keys';
import type { UserKey } from '#domain/devices/device';

export type FleetUser = { key: UserKey; user: UserRecord };
export type FleetReader = ReturnType<typeof fleetReader>;

type Item = Record<string, unknown>;
const segments = 4;
const nobody: FleetUser & { pk: string } = { pk: '', key: { sourceId: '', user: '' }, user: emptyUser() };

export function fleetReader(client: DocumentClient, table: string) {
  const page = async (Segment: number, ExclusiveStartKey: Item | undefined) => {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        Segment,
        TotalSegments: segments,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      }),
    );
    return { items: Items, next: LastEvaluatedKey };
  };

  /** Requests the next page before the current one is processed. */
  async function* pages(segment: number): AsyncGenerator<Item[]> {
    let coming: ReturnType<typeof page> | null = page(segment, undefined);
    while (coming !== null) {
      const { items, next }: Awaited<ReturnType<typeof page>> = await coming;
      coming = next === undefined ? null : page(segment, next);
      coming?.catch(() => undefined);
      yield items;
    }
  }

  async function* usersOf(segment: number, wanted: ReadonlySet<string>): AsyncGenerator<FleetUser[]> {
    let open = nobody;
    for await (const items of pages(segment)) {
      const whole: FleetUser[] = [];
      for (const item of items) {
        const pk = String(item.pk);
        if (open.pk !== pk) {
          if (wanted.has(open.key.sourceId)) whole.push(open);
          open = { pk, key: parseUserPk(pk), user: emptyUser() };
        }
        if (wanted.has(open.key.sourceId)) takeUserItem(open.user, item);
      }
      if (whole.length > 0) yield whole;
    }
    if (wanted.has(open.key.sourceId)) yield [open];
  }

  return {
    /** Calls `visit` with some users at a time, from several segments at once. Strongly consistent. */
    async eachUsers(sourceIds: readonly string[], visit: (users: readonly FleetUser[]) => Promise<void>): Promise<void> {
      const wanted = new Set(sourceIds);
      const one = async (segment: number) => {
        for await (const users of usersOf(segment, wanted)) await visit(users);
      };
      await Promise.all(Array.from({ length: segments }, (_, segment) => one(segment)));
    },
  };
}
