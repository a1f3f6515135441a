/** Standing decisions of people and portal rules, among the items of the user they concern (Devices table). */
import { PutCommand, paginateQuery, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { decisionSk, userPk } from '#adapters/dynamodb/keys';
import { type Decision, decision as decisionSchema } from '#domain/decision';
import type { DeviceKey } from '#domain/device';

export type DecisionStore = ReturnType<typeof decisionStore>;

export function decisionStore(client: DocumentClient, table: string) {
  async function of(key: DeviceKey): Promise<Decision[]> {
    const found: Decision[] = [];
    const pages = paginateQuery(
      { client },
      {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': userPk(key), ':prefix': decisionSk(key.deviceId, '') },
      },
    );
    for await (const { Items = [] } of pages) found.push(...Items.map((item) => decisionSchema.parse(item)));
    // `A|` is also a prefix of what was decided about a device named `A|B`.
    return found.filter(({ deviceId }) => deviceId === key.deviceId);
  }

  return {
    of,

    /** Stores a decision once: by its id the same decision again changes nothing, not even one withdrawn since. */
    async record(key: DeviceKey, decision: Decision): Promise<void> {
      const put = new PutCommand({
        TableName: table,
        Item: { pk: userPk(key), sk: decisionSk(key.deviceId, decision.decisionId), ...decision },
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      await client.send(put).catch(ignoreRefusal);
    },

    /** Ends what was decided about the device up to `at`. Answers how many decisions it ended; repeated, it ends none. */
    async withdraw(key: DeviceKey, { at, by }: { at: number; by: string }): Promise<number> {
      const standing = (await of(key)).filter((decision) => decision.withdrawnAt === undefined && decision.at <= at);
      await pMap(standing, async ({ decisionId }) => {
        const update = new UpdateCommand({
          TableName: table,
          Key: { pk: userPk(key), sk: decisionSk(key.deviceId, decisionId) },
          UpdateExpression: 'SET withdrawnAt = :at, withdrawnBy = :by',
          ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(withdrawnAt)',
          ExpressionAttributeValues: { ':at': at, ':by': by },
        });
        await client.send(update).catch(ignoreRefusal);
      });
      return standing.length;
    },
  };
}

/** A refused condition means that it was done already. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
}
