/**
 * Which device `/api/devices/…` names. The caller URL-encodes each part, but API Gateway decodes the path: a slash in a user name
 * then looks like one between the parts. So every possible reading of the path is returned, the likeliest first; the one that is
 * stored is meant. Pure.
 */
import type { DeviceKey } from '#domain/devices/device';

/** Limits how many devices one request can make us look up. */
const mostReadings = 12;

/** `rest`: the path after `/api/devices/`, unchanged. At most two readings per slash. */
export function readingsOf(rest: string): DeviceKey[] {
  const parts = rest.split('/');
  const encoded = parts.length === 3 ? [keyOf(parts.map(decoded))] : [];
  const whole = decoded(rest);
  const asIs = splits(parts);
  const decodedAgain = whole === rest ? [] : splits(whole.split('/'));
  return [...encoded, ...asIs, ...decodedAgain].filter((key) => key !== null).slice(0, mostReadings);
}

/** The first part is the source; device ids rarely contain slashes, so the shortest id is tried first. */
function splits([sourceId, ...rest]: string[]): (DeviceKey | null)[] {
  return rest.slice(1).map((_, index) => {
    const cut = rest.length - 1 - index;
    return keyOf([sourceId, rest.slice(0, cut).join('/'), rest.slice(cut).join('/')]);
  });
}

function keyOf([sourceId, user, deviceId]: (string | undefined)[]): DeviceKey | null {
  return sourceId && user && deviceId ? { sourceId, user, deviceId } : null;
}

/** Text with a stray percent sign is already decoded: it is used unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
