/** The part of a stored device that rules, plans and guards go by. */
import type { Device } from './device.ts';

/** The part of a stored device that decides. `existing`: its baseline run is committed. */
export type DeviceFacts = Pick<Device, 'deviceId' | 'type' | 'registeredAt' | 'denial' | 'openAction'> & {
  /** Somebody lifted our bar on the server itself: it is not put back. */
  overruled?: boolean;
  existing: boolean;
  /** Whether it is existing is not settled: its full record could not be read when existing devices were recorded. */
  baselineOwed?: boolean;
  /** Null until a full record was read: approval, access and wipe are then unknown. */
  detail: Pick<NonNullable<Device['detail']>, 'approval' | 'access' | 'wipe'> | null;
};
