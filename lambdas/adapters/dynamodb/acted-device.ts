/**
 * What carrying out an action keeps on the device itself: what the server showed, our own bar (`denial`) and the action that
 * is open (`openAction`). One conditional write each; a device that changed meanwhile is read again.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '#adapters/dynamodb/batches';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { deviceItemKey, movingKey, parseDevice } from '#adapters/dynamodb/device-items';
import { untilSettled } from '#adapters/dynamodb/transactions';
import type { Shown } from '#domain/action';
import type { Denial, Device, DeviceKey } from '#domain/device';

/** How an action leaves its device. */
export type Aftermath = {
  /** The action that has ended: its place as the open one goes to `next`. */
  endedId: string;
  next: Device['openAction'];
  /** What the server showed last, and when it was read; null when it was not. */
  shown: (Shown & { at: number }) | null;
  /** Our own bar from now on; `undefined` leaves it. */
  denial: Denial | null | undefined;
  /** The device was removed from the server by this action. */
  removal?: { actionId: string; at: number };
};

export type ActedDevices = ReturnType<typeof actedDevices>;

const unread = { wipeTypes: '', compliance: 'unknown', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

export function actedDevices(client: DocumentClient, table: string) {
  /** Strongly consistent. */
  async function read(key: DeviceKey): Promise<Device | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: deviceItemKey(key), ConsistentRead: true }));
    return Item ? parseDevice(Item) : null;
  }

  /** Writes what differs, while the device is as it was read. */
  async function write(before: Device, next: Device): Promise<boolean> {
    const moving = movingKey(next);
    return held(
      client.send(
        new UpdateCommand({
          TableName: table,
          Key: deviceItemKey(before),
          UpdateExpression: `SET detail = :detail, observedAt = :at, observedSeq = :next, denial = :denial, openAction = :open, presence = :present, missingSince = :missing, heldSince = :held, removal = :removal${
            moving === null ? ' REMOVE moving' : ', moving = :moving'
          }`,
          ConditionExpression:
            'registeredAt = :registeredAt AND observedAt = :seenAt AND observedSeq = :seq AND denial = :denialBefore AND openAction = :openBefore AND presence = :presence AND heldSince = :heldSince',
          ExpressionAttributeValues: {
            ':detail': next.detail,
            ':at': next.observedAt,
            ':next': next.observedSeq,
            ':denial': next.denial,
            ':open': next.openAction,
            ':present': next.presence,
            ':missing': next.missingSince,
            ':held': next.heldSince,
            ':removal': next.removal ?? null,
            ':registeredAt': before.registeredAt,
            ':seenAt': before.observedAt,
            ':seq': before.observedSeq,
            ':denialBefore': before.denial,
            ':openBefore': before.openAction,
            ':presence': before.presence,
            ':heldSince': before.heldSince,
            ...(moving === null ? {} : { ':moving': moving }),
          },
        }),
      ),
    );
  }

  return {
    read,

    /** Strongly consistent, in any order; devices that are not stored are left out. */
    async readMany(keys: readonly DeviceKey[]): Promise<Device[]> {
      return (await getAll(client, table, keys.map(deviceItemKey))).map(parseDevice);
    },

    /** Sets our own bar before a write (asked for anew, it is no longer overruled), for one registration of the device; `false` when it was registered anew. */
    setDenial(key: DeviceKey, denial: Denial, { registeredAt }: Pick<Device, 'registeredAt'>): Promise<boolean> {
      return held(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: deviceItemKey(key),
            UpdateExpression: 'SET denial = :denial REMOVE overruled',
            ConditionExpression: 'registeredAt = :registeredAt',
            ExpressionAttributeValues: { ':denial': denial, ':registeredAt': registeredAt },
          }),
        ),
      );
    },

    /** Takes the aftermath in, once: the same again changes nothing. A device registered anew since is left alone. */
    async settle(seen: Device, aftermath: Aftermath): Promise<void> {
      let current: Device | null = seen;
      await untilSettled(async () => {
        current ??= await read(seen);
        if (!current || current.registeredAt !== seen.registeredAt) return true;
        const next = settled(current, aftermath);
        if (next === current || (await write(current, next))) return true;
        current = null;
        return null;
      }, 'A device whose action has ended');
    },
  };
}

/** The device after the action; the very same object when nothing changes. */
export function settled(device: Device, { endedId, next, shown, denial, removal }: Aftermath): Device {
  const observed = shown !== null && shown.at >= device.observedAt ? observe(device, shown) : device;
  const barred = denial === undefined ? observed : { ...observed, denial };
  const left = barred.openAction?.actionId === endedId ? { ...barred, openAction: next } : barred;
  return removal === undefined || device.removal?.actionId === removal.actionId ? left : removed(left, removal);
}

/** What we knew of it went with its registration; a gather that lists it later finds a new one. */
function removed(device: Device, removal: NonNullable<Aftermath['removal']>): Device {
  const { at } = removal;
  return {
    ...device,
    presence: 'removed',
    missingSince: device.missingSince ?? at,
    heldSince: null,
    denial: null,
    removal,
    observedAt: Math.max(at, device.observedAt),
  };
}

function observe(device: Device, { at, ...shown }: Shown & { at: number }): Device {
  const { detail } = device;
  const same = detail?.approval === shown.approval && detail.access === shown.access && detail.wipe === shown.wipe;
  const observedSeq = device.observedSeq + (same ? 0 : 1);
  return { ...device, detail: { ...unread, ...detail, ...shown }, observedAt: at, observedSeq };
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
