/**
 * The server as it would have been under other settings: what it requires, what counts as existing, and how a device registers.
 */

import { isExistingConnection } from '#domain/gather/observe-device';
import type { JournalLine } from '#domain/journal/hash-chain';
import type { Settings } from '#domain/quarantine/settings';
import type { WorldSource, WorldUser } from '#domain/replay/replay-world';

const switchedOn = 'replay: switched on';
const noDetail = { wipeTypes: '', compliance: '', approvalDate: null, approvers: [], wipeDate: null, codes: {} };

/** If the settings switch Auto-Quarantine on, the devices present then are existing ones, as in the first of its two phases. */
export function recordExisting({ requireApproval }: Settings, { facts, users }: WorldSource): void {
  if (requireApproval !== 'on' || facts === null || facts.aqInForce || facts.baselineRuns.length === 0) return;
  for (const user of users.values())
    for (const device of user.devices.values())
      if (device.presence !== 'removed' && device.baselineRun === null)
        if (isExistingConnection(device.shown && { ...noDetail, ...device.shown })) device.baselineRun = switchedOn;
}

/** The source under these settings. `server` changes nothing on the server; `on` and `off` are what it would have been set to. */
export function serveUnder(settings: Settings, source: WorldSource): void {
  source.settings = { version: source.settings?.version ?? 0, settings };
  const { facts } = source;
  if (facts === null || settings.requireApproval === 'server') return;
  const on = settings.requireApproval === 'on';
  const recorded = facts.baselineRuns.length > 0;
  source.facts = {
    ...facts,
    server: { ...facts.server, requiresApproval: on },
    aqInForce: on && recorded,
    baselineRuns: recorded ? [...new Set([...facts.baselineRuns, switchedOn])] : [],
  };
}

/** A device that registers meets the server as it would have been set: it waits for approval or not. */
export function registerUnder({ requireApproval }: Settings, user: WorldUser, { deviceId }: JournalLine): void {
  const device = deviceId === null ? undefined : user.devices.get(deviceId);
  if (!device?.shown || requireApproval === 'server') return;
  const { approval, access } = device.shown;
  const isFree = approval === 'not-required' || approval === 'auto-approved' || approval === 'unset';
  if (requireApproval === 'on' && isFree && access === 'allow' && device.baselineRun === null)
    device.shown = { ...device.shown, approval: 'pending' };
  if (requireApproval === 'off' && approval === 'pending')
    device.shown = { ...device.shown, approval: 'not-required', access: 'allow' };
}
