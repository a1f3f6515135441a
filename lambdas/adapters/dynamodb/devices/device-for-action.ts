/**
 * The devices that actions are carried out on. What an action leaves on its device is written with its end (ledger.ts), or,
 * while it stays open, by itself (`settle`): conditionally, and a device that changed meanwhile is read again.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { type DeviceOutcome, deviceAfterAction, deviceOutcomeUpdate } from '#adapters/dynamodb/devices/action-outcome';
import { deviceItemKey, parseDevice } from '#adapters/dynamodb/devices/device-items';
import { untilSettled } from '#adapters/dynamodb/transactions';
import type { Device, DeviceKey } from '#domain/devices/device';

export type DevicesForActions = ReturnType<typeof devicesForActions>;

export function devicesForActions(client: DocumentClient, table: string) {
  return {
    read: (key: DeviceKey): Promise<Device | null> => readDevice(client, table, key),

    /** Strongly consistent, in any order; devices that are not stored are left out. */
    async readMany(keys: readonly DeviceKey[]): Promise<Device[]> {
      return (await getAll(client, table, keys.map(deviceItemKey))).map(parseDevice);
    },

    /** Takes the aftermath in, once: the same again changes nothing. A device registered anew since is left alone. */
    async settle(seen: Device, aftermath: DeviceOutcome): Promise<void> {
      let current: Device | null = seen;
      await untilSettled(async () => {
        current ??= await readDevice(client, table, seen);
        if (!current || current.registeredAt !== seen.registeredAt) return true;
        const next = deviceAfterAction(current, aftermath);
        if (next === current || (await held(client.send(new UpdateCommand(deviceOutcomeUpdate(table, current, next))))))
          return true;
        current = null;
        return null;
      }, 'A device whose action is under way');
    },
  };
}

/** Strongly consistent. */
export async function readDevice(client: DocumentClient, table: string, key: DeviceKey): Promise<Device | null> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: deviceItemKey(key), ConsistentRead: true }));
  return Item ? parseDevice(Item) : null;
}

async function held(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
