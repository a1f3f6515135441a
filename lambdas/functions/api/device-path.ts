/**
 * Which device `/api/devices/…` names. Each part is URL-encoded by the caller, but API Gateway hands the path over decoded:
 * a slash in a user name is then no different from one between the parts. So every reading of the path that can be meant
 * is given, the likeliest first; whichever is stored is the one that was meant. Pure.
 */
import type { DeviceKey } from '#domain/devices/device';

/** A bound on what one request can make us look up. */
const mostReadings = 12;

/** `rest`: the path after `/api/devices/`, as it came. At most two readings per slash. */
export function readingsOf(rest: string): DeviceKey[] {
  const parts = rest.split('/');
  const encoded = parts.length === 3 ? [keyOf(parts.map(decoded))] : [];
  const whole = decoded(rest);
  const asIs = splits(parts);
  const decodedAgain = whole === rest ? [] : splits(whole.split('/'));
  return [...encoded, ...asIs, ...decodedAgain].filter((key) => key !== null).slice(0, mostReadings);
}

/** The first part is the source; device ids hold slashes so rarely that the shortest id is tried first. */
function splits([sourceId, ...rest]: string[]): (DeviceKey | null)[] {
  return rest.slice(1).map((_, index) => {
    const cut = rest.length - 1 - index;
    return keyOf([sourceId, rest.slice(0, cut).join('/'), rest.slice(cut).join('/')]);
  });
}

function keyOf([sourceId, user, deviceId]: (string | undefined)[]): DeviceKey | null {
  return sourceId && user && deviceId ? { sourceId, user, deviceId } : null;
}

/** Text with a stray percent sign was decoded before: it is used as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
