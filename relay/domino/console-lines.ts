/**
 * The closed set of lines that the relay sends to a Domino console: pure, built only from validated parts. A device chooses its own
 * id and `*` means all devices of a user, so anything that does not match is rejected, never escaped.
 */
import type { ActionType, WipeTarget } from '#domain/actions/action';
import { wipeFlags } from '#domain/actions/wipe';
import type { DeviceKey } from '#domain/devices/device';

export type LineRequest = Pick<DeviceKey, 'user' | 'deviceId'> & {
  /** approve: the lock is ours and no wipe is pending, so it is lifted with the approval. */
  unlock?: boolean;
  /** cancel-wipe: the device must stay locked out; removing the flags lifts the lock too. */
  lock?: boolean;
  /** cancel-wipe: the device must be denied, too. */
  deny?: boolean;
  /** wipe: at least one. */
  targets?: readonly WipeTarget[];
};
/** Why no line is sent, for an administrator: names neither user nor device. */
export type LineRefusal = { what: string; remedy: string };
/** The lines, in order. */
export type ConsoleLines = { lines: readonly string[] } | { refused: LineRefusal };

const security = 'tell traveler security';
/** Used by `relay doctor` only: shows Traveler's status, changes nothing, contains no names. */
export const statusLine = 'tell traveler status';

/** `<device> <user>`: the user comes last and may contain spaces, unquoted. */
type Build = (device: string, request: LineRequest) => readonly string[];
const builds: { [K in ActionType]: Build } = {
  approve: (device, { unlock }) => [
    `${security} approval approve ${device}`,
    ...(unlock ? [`${security} flagsRemove all ${device}`] : []),
  ],
  // Deny alone has no effect on a device that needs no approval.
  block: (device) => [denyLine(device), lockLine(device)],
  wipe: (device, { targets = [] }) => [`${security} flagsAdd ${flagsOf(targets)} ${device}`],
  'cancel-wipe': (device, { lock, deny }) => [
    `${security} flagsRemove all ${device}`,
    ...(deny ? [denyLine(device)] : []),
    ...(lock ? [lockLine(device)] : []),
  ],
  // Without the first line, the security record would outlive the device and apply again if the device comes back.
  remove: (device) => [`${security} delete ${device}`, `tell traveler delete ${device}`],
};

const denyLine = (device: string) => `${security} approval deny ${device}`;
const lockLine = (device: string) => `${security} flagsAdd lock ${device}`;
const flagsOf = (targets: readonly WipeTarget[]) => [...new Set(targets)].map((target) => wipeFlags[target]).join('/');

export function consoleLines(type: ActionType, request: LineRequest): ConsoleLines {
  const why = badDevice(request.deviceId) ?? badUser(request.user) ?? (type === 'wipe' ? badTargets(request.targets) : null);
  return why === null ? { lines: builds[type](`${request.deviceId} ${request.user}`, request) } : { refused: why };
}

const safeId = /^[A-Za-z0-9_.:-]{1,128}$/;
const remedy = 'Do it in the Traveler administration on the server.';

function badDevice(deviceId: string): LineRefusal | null {
  if (safeId.test(deviceId)) return null;
  const what = 'The id of this device is too long, or holds what the Domino console could take for something else';
  return { what: `${what}, so nothing was sent to it`, remedy };
}

/** Control and separator characters end a line; `*`, quotes and semicolons have a meaning on the console. */
const meaningful = /[\p{Cc}\p{Zl}\p{Zp}*";]/u;
const longestUser = 512;

function badUser(user: string): LineRefusal | null {
  const sound = user !== '' && user === user.trim() && user.length <= longestUser && user.isWellFormed();
  if (sound && !meaningful.test(user)) return null;
  const what =
    "The name of this device's user is blank at an end, too long, or holds what the Domino console could take for more";
  return { what: `${what} than a name, so nothing was sent to it`, remedy };
}

function badTargets(targets: readonly WipeTarget[] = []): LineRefusal | null {
  if (targets.length > 0) return null;
  return { what: 'A wipe that names nothing to wipe was not sent', remedy: 'Ask again and name at least one target.' };
}
