/** Verdicts and planned actions for one user's devices: what an evaluation carries out, and what a plan shows. */

import type { Device } from '#domain/devices/device';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { decide, type Verdict } from '#domain/quarantine/decide';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { takesAccess } from '#domain/quarantine/guard';
import { type GuardHolds, isHeldByGuard } from '#domain/quarantine/guard-holds';
import { isHeld, type PlannedAction, planActions } from '#domain/quarantine/plan-actions';

export type DecidedDevice = {
  device: Device;
  facts: DeviceFacts;
  verdict: Verdict;
  planned: PlannedAction | undefined;
  /** The action that the guard withholds until a person has decided. */
  withheld: PlannedAction | undefined;
  held: boolean;
};

/** A device that the last gather missed gets a verdict but no action: the server might not know it. */
export function decideUser(devices: readonly Device[], input: DecideInput, holds: GuardHolds): DecidedDevice[] {
  const guarded = isHeldByGuard(holds);
  const verdicts = decide(input);
  const present = new Set(devices.filter(({ presence }) => presence === 'present').map(({ deviceId }) => deviceId));
  const plan = planActions({ devices: input.devices, verdicts, enforcement: input.enforcement });
  const wanted = new Map(plan.filter(({ deviceId }) => present.has(deviceId)).map((action) => [action.deviceId, action]));
  const byId = new Map(verdicts.map((verdict) => [verdict.deviceId, verdict]));
  return devices.flatMap((device, index) => {
    const facts = input.devices[index];
    const verdict = byId.get(device.deviceId);
    if (!facts || !verdict) return [];
    const action = wanted.get(device.deviceId);
    const waits = guarded && action !== undefined && takesAccess(facts, action);
    const planned = waits ? undefined : action;
    const withheld = waits ? action : undefined;
    return [{ device, facts, verdict, planned, withheld, held: isHeld(facts, verdict, planned ? [planned] : []) }];
  });
}
