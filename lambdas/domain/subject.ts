/** What a rule sees: one device, and what all devices of the user share. */
import { clientOf } from '#domain/clients';
import type { DecideInput, DeviceFacts } from '#domain/decide-input';
import type { Decision } from '#domain/decision';
import { standingDecisions } from '#domain/decisions';
import type { Client } from '#domain/device';
import { type Matched, type Matches, matchDevices } from '#domain/match';
import { type Places, placesOf } from '#domain/places';

export type Subject = {
  device: DeviceFacts;
  client: Client;
  matched: Matched;
  place: number;
  /** The decision by a person or a portal rule that stands now. */
  decision: Decision | null;
};
export type Circumstances = {
  input: DecideInput;
  matches: Matches;
  places: Places;
  /** Any of the three auto-approve options is on: enrolments bear on the verdict. */
  anyAutoApprove: boolean;
};

export function circumstancesOf(input: DecideInput): Circumstances & { subjects: readonly Subject[] } {
  const ids = input.devices.map(({ deviceId }) => deviceId.toLowerCase());
  const matches = matchDevices(input, ids);
  const places = placesOf(input.devices);
  const decisions = standingDecisions(input.decisions, input.now);
  const { autoApproveEnrolled, autoApproveByPolicy, autoApproveVerse } = input.settings;
  const subjects = input.devices.map((device, index) => {
    const matched = matches.of(index);
    const client = clientOf(ids[index] ?? '', device.type, matched.isSecureMail);
    return { device, client, matched, place: places.place[index] ?? 1, decision: decisions.get(device.deviceId) ?? null };
  });
  return { input, matches, places, anyAutoApprove: autoApproveEnrolled || autoApproveByPolicy || autoApproveVerse, subjects };
}
