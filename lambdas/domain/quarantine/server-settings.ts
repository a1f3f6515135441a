/** What the approval settings of the server ought to be, and when Auto-Quarantine is in force because of them. */

import type { ServerFacts } from '#domain/devices/source';
import { effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { Settings } from '#domain/quarantine/settings';

export type ServerPlan = {
  /** To be written, or null when the server is as it should be or is not ours to set. */
  write: { requireApproval: boolean; devicesBeforeApproval: number } | null;
  /** In force once that is written and read back (at once, where nothing is to be written). */
  inForce: boolean;
};

type Wanted = Pick<Settings, 'requireApproval' | 'devicesPerUser'>;

/**
 * `baselineDone`: every device present is recorded as existing. Without it approval is never switched on: that is the second
 * phase, and this its only gate.
 */
export function planServer(
  settings: Wanted,
  server: ServerFacts,
  { enforcement, baselineDone }: { enforcement: 'server' | 'extender'; baselineDone: boolean },
): ServerPlan {
  const writes = effectiveEnforcement(enforcement, server) === 'server';
  if (settings.requireApproval === 'server') return { write: null, inForce: server.requiresApproval === true };
  if (settings.requireApproval === 'off')
    return { write: writes && server.requiresApproval === true ? off(server) : null, inForce: false };
  if (!baselineDone || server.aqSupport !== 'supported') return { write: null, inForce: false };
  return { write: writes && !isOn(settings, server) ? on(settings) : null, inForce: true };
}

/** Does the server show what was written? */
export function shows(server: ServerFacts, written: NonNullable<ServerPlan['write']>): boolean {
  if (server.requiresApproval !== written.requireApproval) return false;
  return !written.requireApproval || [null, written.devicesBeforeApproval].includes(server.devicesBeforeApproval);
}

const isOn = ({ devicesPerUser }: Wanted, server: ServerFacts) =>
  server.requiresApproval === true && server.devicesBeforeApproval === devicesPerUser;
const on = ({ devicesPerUser }: Wanted) => ({ requireApproval: true, devicesBeforeApproval: devicesPerUser });
const off = ({ devicesBeforeApproval }: ServerFacts) => ({
  requireApproval: false,
  devicesBeforeApproval: devicesBeforeApproval ?? 0,
});
