/** The input of `decide` for one user, from what is stored; and the digest that records which input led to a verdict. */

import type { UserRecord, UserStore } from '#adapters/dynamodb/devices/users';
import type { CandidateQuestion, Candidates } from '#adapters/dynamodb/enrolments/enrolment-candidates';
import { fingerprint } from '#adapters/fingerprint';
import type { Device, UserKey } from '#domain/devices/device';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { commonName } from '#domain/devices/names';
import type { SourceState } from '#domain/devices/source';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { withWithdrawals } from '#domain/quarantine/decisions';
import { baselineOf, isBaselineOwed, isExisting } from '#domain/quarantine/enforcement';
import type { SourceContext } from './source-context.ts';

/**
 * The devices that count as registered. One that is missing from a gather still does: nothing is concluded from its absence until
 * it counts as removed.
 */
export const registered = (devices: readonly Device[]): Device[] => devices.filter(({ presence }) => presence !== 'removed');

/** Reads from the stores for one user, or from all enrolments in memory for a whole fleet. */
export type InputReaders = {
  enrolments: { candidates(question: CandidateQuestion): Promise<Candidates> | Candidates };
  users: Pick<UserStore, 'travelerUsersNamed'>;
  now(): number;
};

export async function readInput(
  deps: InputReaders,
  key: UserKey,
  { user, context }: { user: UserRecord; context: SourceContext },
): Promise<DecideInput> {
  const { settings, state, feed, enforcement } = context;
  const devices = registered(user.devices);
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  const { enrolments, sameNamePortalUsers } = await deps.enrolments.candidates({ user: key.user, deviceIds, links: user.links });
  // Only a match by display name depends on who else has that name.
  const travelerUsers =
    sameNamePortalUsers.length === 0 ? [] : await deps.users.travelerUsersNamed(key.sourceId, commonName(key.user).toLowerCase());
  return {
    now: deps.now(),
    user: key.user,
    settings: settings.settings,
    server: { requiresApproval: state.server.requiresApproval, aqSupport: state.server.aqSupport },
    enforcement,
    baseline: baselineOf(state, settings.settings),
    enrolmentFeed: feed,
    devices: devices.map((device) => factsOf(device, state)),
    enrolments,
    links: user.links,
    sameName: { portalUsers: sameNamePortalUsers, travelerUsers: [...new Set([key.user, ...travelerUsers])] },
    decisions: withWithdrawals(user.decisions, user.withdrawals),
  };
}

export function factsOf(device: Device, state: SourceState): DeviceFacts {
  const { deviceId, type, registeredAt, denial, openAction, detail } = device;
  return {
    deviceId,
    type,
    registeredAt,
    denial,
    openAction,
    ...(device.overruled ? { overruled: true } : {}),
    existing: isExisting(device, state),
    ...(isBaselineOwed(device, state) ? { baselineOwed: true } : {}),
    detail: detail && { approval: detail.approval, access: detail.access, wipe: detail.wipe },
  };
}

/** Digest of everything but the time; list order does not matter. */
export function digestOf({ now: _, ...input }: DecideInput): string {
  return fingerprint(canonical(input));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .join(',')}}`;
}
