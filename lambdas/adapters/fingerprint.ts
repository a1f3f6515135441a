/** Short stable fingerprints: device keys and record contents in the manifest, digests of decision inputs. Not for secrets. */
import { hash } from 'node:crypto';
import type { DeviceKey } from '#domain/devices/device';

/** 16 lower-case hex digits (64 bits). */
export const fingerprint = (text: string): string => hash('sha1', text, 'hex').slice(0, 16);

/** Of a device within its source: no user name or device id contains `\u0000`. */
export const deviceHash = ({ user, deviceId }: Pick<DeviceKey, 'user' | 'deviceId'>): string =>
  fingerprint(`${user}\u0000${deviceId}`);

/** Of everything that a gather saw: SHA-256 over the sorted entries (`Manifest.content`), 64 lower-case hex digits. */
export const gatherDigest = (content: Uint8Array): string => hash('sha256', content, 'hex');
