/** What a rule sees: one device, and what all devices of the user share. */
import { clientOf } from '#domain/devices/clients';
import type { Client, Match } from '#domain/devices/device';
import type { DeviceFacts } from '#domain/devices/device-facts';
import { isListedAsSecureMail } from '#domain/enrolment/device-match';
import type { Enrolment } from '#domain/enrolment/enrolment';
import { type Allowance, allowanceOf } from '#domain/quarantine/allowance';
import type { DecideInput } from '#domain/quarantine/decide-input';
import type { Decision } from '#domain/quarantine/decision';
import { standingDecisions } from '#domain/quarantine/decisions';
import { enrolmentOf, type Holders, type Matches, matchesOf, matchOf } from '#domain/quarantine/match';

export type RuleContext = {
  device: DeviceFacts;
  client: Client;
  match: Match;
  /** The one enrolled enrolment that has the device's id. */
  enrolment: Enrolment | null;
  /** An enrolment lists its id among the secure mail ids. */
  isListedAsSecureMail: boolean;
  place: number;
  /** The decision by a person or a portal rule that is in effect. */
  decision: Decision | null;
};
export type UserContext = {
  input: DecideInput;
  matches: Matches;
  places: Allowance;
  decisions: ReadonlyMap<string, Decision>;
  /** One of the three auto-approve options is on, so enrolments affect the verdict. */
  anyAutoApprove: boolean;
};

export function userContext(input: DecideInput): UserContext {
  const { autoApproveEnrolled, autoApproveByPolicy, autoApproveVerse } = input.settings;
  return {
    input,
    matches: matchesOf(input),
    places: allowanceOf(input.devices),
    decisions: standingDecisions(input.decisions, input.now),
    anyAutoApprove: autoApproveEnrolled || autoApproveByPolicy || autoApproveVerse,
  };
}

/** The device at `index` of the input, as rules see it. */
export function ruleContext(holders: Holders, index: number, { matches, places, decisions }: UserContext): RuleContext {
  const { device } = holders;
  const listed = isListedAsSecureMail(holders.found, holders.id);
  return {
    device,
    client: clientOf(holders.id, device.type, listed),
    match: matchOf(matches, holders),
    enrolment: enrolmentOf(holders),
    isListedAsSecureMail: listed,
    place: places.place[index] ?? 1,
    decision: decisions.get(device.deviceId) ?? null,
  };
}
