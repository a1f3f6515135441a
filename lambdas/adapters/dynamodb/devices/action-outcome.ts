/** How an action leaves its device: decided on the device as it was read, written only while it still is so. */
import { deviceItemKey, movingKey } from '#adapters/dynamodb/devices/device-items';
import type { Shown } from '#domain/actions/action';
import type { Denial, Device } from '#domain/devices/device';

export type DeviceOutcome = {
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

const unread = { wipeTypes: '', compliance: 'unknown', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

/** The device after the action; the very same object when nothing changes. A bar of ours that is new is no longer overruled. */
export function deviceAfterAction(device: Device, { endedId, next, shown, denial, removal }: DeviceOutcome): Device {
  const observed = shown !== null && shown.at >= device.observedAt ? observe(device, shown) : device;
  const barred = denial === undefined ? observed : withBar(observed, denial);
  const left = barred.openAction?.actionId === endedId ? { ...barred, openAction: next } : barred;
  return removal === undefined || device.removal?.actionId === removal.actionId ? left : removed(left, removal);
}

function withBar(device: Device, denial: Denial | null): Device {
  const isNew = denial !== null && denial.actionId !== device.denial?.actionId;
  return { ...device, denial, ...(isNew ? { overruled: null } : {}) };
}

/** What we knew of it went with its registration; a gather that lists it later finds a new one. */
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

/** Writes what an action may change, while the device is as it was read (`before`). */
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
