/** What an action changes on its device: computed from the device as it was read, written only while it is unchanged. */
import { deviceItemKey, movingKey } from '#adapters/dynamodb/devices/device-items';
import type { Shown } from '#domain/actions/action';
import type { Denial, Device } from '#domain/devices/device';

export type DeviceOutcome = {
  /** The action that has ended; `next` becomes the open one in its place. */
  endedId: string;
  next: Device['openAction'];
  /** What the server showed last, and when it was read (epoch ms); null when it was not read. */
  shown: (Shown & { at: number }) | null;
  /** Our own block from now on; `undefined` leaves it unchanged. */
  denial: Denial | null | undefined;
  /** The device was removed from the server by this action. */
  removal?: { actionId: string; at: number };
};

const unread = { wipeTypes: '', compliance: 'unknown', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

/** The device after the action; the same object when nothing changes. A new block of ours is no longer overruled. */
export function deviceAfterAction(device: Device, { endedId, next, shown, denial, removal }: DeviceOutcome): Device {
  const observed = shown !== null && shown.at >= device.observedAt ? observe(device, shown) : device;
  const withOurBlock = denial === undefined ? observed : withDenial(observed, denial);
  const left = withOurBlock.openAction?.actionId === endedId ? { ...withOurBlock, openAction: next } : withOurBlock;
  return removal === undefined || device.removal?.actionId === removal.actionId ? left : removed(left, removal);
}

function withDenial(device: Device, denial: Denial | null): Device {
  const isNew = denial !== null && denial.actionId !== device.denial?.actionId;
  return { ...device, denial, ...(isNew ? { overruled: null } : {}) };
}

/** What we knew of it ended with its registration; a gather that lists it later finds a new one. */
function removed(device: Device, removal: NonNullable<DeviceOutcome['removal']>): Device {
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

/** Writes what an action may change, on condition that the device is unchanged since it was read (`before`). */
export function deviceOutcomeUpdate(table: string, before: Device, next: Device) {
  const moving = movingKey(next);
  return {
    TableName: table,
    Key: deviceItemKey(before),
    UpdateExpression: `SET detail = :detail, observedAt = :at, observedSeq = :next, denial = :denial, overruled = :overruled, openAction = :open, presence = :present, missingSince = :missing, heldSince = :held, removal = :removal${
      moving === null ? ' REMOVE moving' : ', moving = :moving'
    }`,
    ConditionExpression:
      'registeredAt = :registeredAt AND observedAt = :seenAt AND observedSeq = :seq AND denial = :denialBefore AND openAction = :openBefore AND presence = :presence AND heldSince = :heldSince',
    ExpressionAttributeValues: {
      ':detail': next.detail,
      ':at': next.observedAt,
      ':next': next.observedSeq,
      ':denial': next.denial,
      ':overruled': next.overruled ?? null,
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
  };
}
