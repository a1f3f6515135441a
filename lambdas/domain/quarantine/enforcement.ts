/** Who denies access to unapproved devices, and whether the existing devices still have to be recorded. */

import type { ServerFacts, SourceState } from '#domain/devices/source';
import type { DecideInput } from '#domain/quarantine/decide-input';
import type { Settings } from '#domain/quarantine/settings';

export type Enforcement = DecideInput['enforcement'];
/** Ids of the complete gathers that recorded existing devices. */
type Baselines = { baselineRuns: readonly string[] };
export type Baseline = DecideInput['baseline'];

/** `extender` as configured, or because the server has no writable approval settings. */
export function effectiveEnforcement(configured: Enforcement, server: Pick<ServerFacts, 'settingsAccess'>): Enforcement {
  return server.settingsAccess === 'unavailable' ? 'extender' : configured;
}

/**
 * `owed` until a complete gather has recorded the present devices: before the first one, and again each time that AQ is set `on`
 * and not yet in force (the first phase of switching on). Until it is recorded, AQ decides nothing.
 */
export function baselineOf(
  state: Pick<SourceState, 'baselineRuns' | 'aqInForce'>,
  settings: Pick<Settings, 'requireApproval'>,
): Baseline {
  const switchingOn = settings.requireApproval === 'on' && !state.aqInForce;
  return state.baselineRuns.length === 0 || switchingOn ? 'owed' : 'recorded';
}

/** Listed by a committed baseline gather that could not read its full record: it is not known yet whether it is existing. */
export function isBaselineOwed(device: { baselineOwed?: string | null | undefined }, state: Baselines): boolean {
  return isExisting({ baselineRun: device.baselineOwed ?? null }, state);
}

/** Recorded as present before AQ, by a gather that was committed. */
export function isExisting(device: { baselineRun: string | null }, state: Baselines): boolean {
  return device.baselineRun !== null && state.baselineRuns.includes(device.baselineRun);
}
