/** The part of a stored device that rules, plans and guards use. */
import type { Device } from './device.ts';

/** `existing`: its baseline run is committed. */
export type DeviceFacts = Pick<Device, 'deviceId' | 'type' | 'registeredAt' | 'denial' | 'openAction'> & {
  /** Somebody lifted our own block on the server itself: AQ does not block it again. */
  overruled?: boolean;
  existing: boolean;
  /** Whether it is existing is not known yet: its full record could not be read when existing devices were recorded. */
  baselineOwed?: boolean;
  /** Null until a full record was read: approval, access and wipe are then unknown. */
  detail: Pick<NonNullable<Device['detail']>, 'approval' | 'access' | 'wipe'> | null;
};
