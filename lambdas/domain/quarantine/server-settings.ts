/** What the server's approval settings should be, and whether Auto-Quarantine is in force because of them. */

import type { ServerFacts } from '#domain/devices/source';
import { effectiveEnforcement } from '#domain/quarantine/enforcement';
import type { Settings } from '#domain/quarantine/settings';

export type ServerPlan = {
  /** The settings to write; null if the server already has them or we do not manage them. */
  write: { requireApproval: boolean; devicesBeforeApproval: number } | null;
  /** In force once that is written and read back (at once if nothing has to be written). */
  inForce: boolean;
};

type Wanted = Pick<Settings, 'requireApproval' | 'devicesPerUser'>;

/**
 * `baselineDone`: every present device is recorded as existing. Approval is never switched on before: that is the second phase,
 * and this is its only precondition.
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

/** Whether the server shows what was written. */
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
