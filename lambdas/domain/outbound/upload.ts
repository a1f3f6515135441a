/**
 * The device list as the portal receives it (docs/portal.md): `PUT {portal.url}/devices`, a batch of changes in the order of the
 * journal, or one part of a snapshot that replaces the list of its source.
 */
import { z } from 'zod';
import { clientOf } from '#domain/devices/clients';
import { access, approval, client, type Device, deviceKey, presence, verdictName, wipe } from '#domain/devices/device';

const time = z.iso.datetime();

export const uploadedDevice = deviceKey.extend({
  client,
  provider: z.string(),
  type: z.string(),
  approval,
  access,
  wipe,
  /** `removed`: to be deleted from the list. */
  state: presence,
  verdict: verdictName.nullable(),
  rule: z.string().nullable(),
  evidence: z.string().nullable(),
  firstSeen: time,
  lastSync: time.nullable(),
  heldSince: time.nullable(),
  enrolmentIds: z.array(z.string()),
});
export type UploadedDevice = z.infer<typeof uploadedDevice>;

export const uploadBody = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('changes'),
    sourceId: z.string().min(1),
    /** The range of journal lines that these devices are from; each range continues the previous one. */
    fromSeq: z.number().int().positive(),
    toSeq: z.number().int().positive(),
    /** Each as it is now, in the order in which they last changed. */
    devices: z.array(uploadedDevice).max(500),
  }),
  z.object({
    kind: z.literal('snapshot'),
    sourceId: z.string().min(1),
    snapshotId: z.string().min(1),
    part: z.number().int().positive(),
    /** With the last part, all parts together replace what the portal holds of this source. */
    last: z.boolean(),
    /** It includes all changes up to this journal line. */
    upToSeq: z.number().int().nonnegative(),
    devices: z.array(uploadedDevice).max(500),
  }),
]);
export type UploadBody = z.infer<typeof uploadBody>;

export const devicesPerBatch = 500;

/** The same at each delivery of the same content, so that the portal can deduplicate. */
export const idempotencyKey = (body: UploadBody): string =>
  body.kind === 'changes' ? `changes|${body.sourceId}|${body.fromSeq}-${body.toSeq}` : `snapshot|${body.snapshotId}|${body.part}`;

export function uploaded(device: Device): UploadedDevice {
  const { sourceId, user, deviceId, provider, type, detail, verdict } = device;
  return {
    sourceId,
    user,
    deviceId,
    client: clientOf(deviceId.toLowerCase(), type, verdict?.rule === 'secure-mail'),
    provider,
    type,
    approval: detail?.approval ?? 'unknown',
    access: detail?.access ?? 'unknown',
    wipe: detail?.wipe ?? 'unknown',
    state: device.presence,
    verdict: verdict?.verdict ?? null,
    rule: verdict?.rule ?? null,
    evidence: verdict?.evidence ?? null,
    firstSeen: new Date(device.firstSeen).toISOString(),
    lastSync: device.lastSync === null ? null : new Date(device.lastSync).toISOString(),
    heldSince: device.heldSince === null ? null : new Date(device.heldSince).toISOString(),
    enrolmentIds: device.match?.enrolmentIds ?? [],
  };
}
