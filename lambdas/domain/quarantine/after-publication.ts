/**
 * The state of a source once settings are published and the following gather is done: switching AQ on first records the present
 * devices as existing. A plan shows that final state, not the ones before it.
 */
import type { Device } from '#domain/devices/device';
import type { SourceState } from '#domain/devices/source';
import { isExistingConnection } from '#domain/gather/observe-device';
import type { Enforcement } from '#domain/quarantine/enforcement';
import { planServer } from '#domain/quarantine/server-settings';
import type { Settings } from '#domain/quarantine/settings';

/** Placeholder for the id of the next gather. */
const comingRun = 'the coming gather';

export type AfterPublication = { state: SourceState; asRecorded: (devices: readonly Device[]) => readonly Device[] };

/** `enforcement`: as configured. */
export function afterPublication(state: SourceState, settings: Settings, enforcement: Enforcement): AfterPublication {
  const { inForce } = planServer(settings, state.server, { enforcement, baselineDone: true });
  const switchesOn = settings.requireApproval === 'on' && inForce && !state.aqInForce;
  if (!switchesOn) return { state, asRecorded: (devices) => devices };
  const before = state.baselineRuns;
  return {
    state: { ...state, aqInForce: true, baselineRuns: [...before, comingRun] },
    asRecorded: (devices) => devices.map((device) => recorded(device, before)),
  };
}

function recorded(device: Device, baselineRuns: readonly string[]): Device {
  const known = device.baselineRun !== null && baselineRuns.includes(device.baselineRun);
  if (known || device.presence !== 'present') return device;
  if (device.detail === null) return { ...device, baselineRun: null, baselineOwed: comingRun };
  return { ...device, baselineRun: isExistingConnection(device.detail) ? comingRun : null, baselineOwed: null };
}
