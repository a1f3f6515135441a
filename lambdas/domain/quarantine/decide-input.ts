/** The input of `decide`: one user at one source, everything that affects the verdicts, and the time. */

import type { DeviceFacts } from '#domain/devices/device-facts';
import type { AqSupport, RequiresApproval } from '#domain/devices/source';
import type { Enrolment, EnrolmentFeed, Link } from '#domain/enrolment/enrolment';
import type { Decision } from '#domain/quarantine/decision';
import type { Settings } from '#domain/quarantine/settings';

export type DecideInput = {
  /** Epoch ms. */
  now: number;
  user: string;
  settings: Settings;
  server: { requiresApproval: RequiresApproval; aqSupport: AqSupport };
  /** As in effect: `extender` also if the server's settings cannot be written. */
  enforcement: 'server' | 'extender';
  /** `owed`: the present devices still have to be recorded as existing, so AQ is not in force yet. */
  baseline: 'recorded' | 'owed';
  enrolmentFeed: EnrolmentFeed;
  /** Devices that the server now lists, in any order. */
  devices: readonly DeviceFacts[];
  /**
   * Every enrolment that can concern this user, in any order: by device id, Traveler name, alias, portal user or display name.
   */
  enrolments: readonly Enrolment[];
  links: readonly Link[];
  /**
   * Others with the same display name or common name: portal users (email) and Traveler users of this source, this user
   * included.
   */
  sameName: { portalUsers: readonly string[]; travelerUsers: readonly string[] };
  decisions: readonly Decision[];
};
