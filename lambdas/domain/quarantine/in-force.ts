/** Whether Auto-Quarantine is in force for one device: if not, it decides nothing. */

import type { DeviceFacts } from '#domain/devices/device-facts';
import { isPending } from '#domain/devices/server-state';
import type { DecideInput } from '#domain/quarantine/decide-input';

type AqFacts = Pick<DecideInput, 'settings' | 'server' | 'baseline'>;

/** Null if AQ is in force; otherwise why not, in plain words. */
export function whyNotInForce({ settings, server, baseline }: AqFacts, device: DeviceFacts): string | null {
  if (settings.requireApproval === 'off') return 'approval is not required: the published setting is off';
  if (server.aqSupport !== 'supported') return unsupported[server.aqSupport];
  if (baseline === 'owed')
    return 'the devices present are still to be recorded as existing, and approval is not required before that is done';
  if (settings.requireApproval === 'on' || server.requiresApproval === true) return null;
  if (server.requiresApproval === false) return "approval is not required: the server's own setting is off";
  return isPending(device)
    ? null
    : 'whether the server requires approval could not be read, and this device is not waiting for it';
}

/** Known to be off for every device: by the published setting, or by the server's own if the setting says `server`. */
export function isKnownOff({ settings, server, baseline }: AqFacts): boolean {
  if (settings.requireApproval !== 'server') return settings.requireApproval === 'off';
  return server.requiresApproval === false && server.aqSupport === 'supported' && baseline === 'recorded';
}

const unsupported = {
  unsupported: 'Auto-Quarantine needs Traveler 9.0 or later, and this server is older',
  unknown: "Auto-Quarantine needs Traveler 9.0 or later, and this server's version could not be read",
} as const;
