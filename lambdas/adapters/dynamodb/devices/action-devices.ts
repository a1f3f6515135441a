/**
 * The devices that actions are carried out on. What an action changes on its device is written with its end (ledger.ts), or,
 * while it stays open, separately (`applyOutcome`): conditionally, and a device that changed meanwhile is read again.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '#adapters/dynamodb/batch-requests';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { type DeviceOutcome, deviceAfterAction, deviceOutcomeUpdate } from '#adapters/dynamodb/devices/device-after-action';
import { deviceItemKey, parseDevice } from '#adapters/dynamodb/devices/device-items';
import { untilWritten } from '#adapters/dynamodb/transactions';
import { realTiming } from '#adapters/retry-timing';
import type { Device, DeviceKey } from '#domain/devices/device';

export type DevicesForActions = ReturnType<typeof devicesForActions>;

/** Devices in DynamoDB, for actions. `timing`: of retries. */
export function devicesForActions(client: DocumentClient, table: string, { timing = realTiming } = {}) {
  return {
    read: (key: DeviceKey): Promise<Device | null> => readDevice(client, table, key),

    /** Strongly consistent, in any order; devices that are not stored are left out. */
    async readMany(keys: readonly DeviceKey[]): Promise<Device[]> {
      return (await getAll(client, table, keys.map(deviceItemKey), { timing })).map(parseDevice);
    },

    /** Writes the outcome of an action (idempotent). A device that was registered again is not changed. */
    async applyOutcome(device: Device, outcome: DeviceOutcome): Promise<void> {
      let current: Device | null = device;
      const attempt = async () => {
        current ??= await readDevice(client, table, device);
        if (!current || current.registeredAt !== device.registeredAt) return true;
        const next = deviceAfterAction(current, outcome);
        if (next === current) return true;
        const update = new UpdateCommand(deviceOutcomeUpdate(table, current, next));
        if ((await nullIfRefused(client.send(update))) !== null) return true;
        current = null;
        return null;
      };
      await untilWritten(attempt, 'A device whose action is in progress', timing);
    },
  };
}

/** Strongly consistent. */
export async function readDevice(client: DocumentClient, table: string, key: DeviceKey): Promise<Device | null> {
  const { Item } = await client.send(new GetCommand({ TableName: table, Key: deviceItemKey(key), ConsistentRead: true }));
  return Item ? parseDevice(Item) : null;
}
