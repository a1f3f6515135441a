/**
 * The rules of Auto-Quarantine in order: the first that applies decides. The engine is a loop over this list, and the page in the
 * documentation is generated from it, so this is both what happens and what users read.
 */

import type { VerdictName } from '#domain/devices/device';
import type { DeviceFacts } from '#domain/devices/device-facts';
import {
  hasAccess,
  hasLostAccessByUs,
  isApprovedOnServer,
  isDeniedByUs,
  isDeniedOnServer,
  isPending,
  isUnderWipe,
} from '#domain/devices/server-state';
import type { Enrolment } from '#domain/enrolment/enrolment';
import type { Decision } from '#domain/quarantine/decision';
import { cardinal, ordinal } from '#domain/quarantine/evidence-words';
import { isKnownOff, whyNotInForce } from '#domain/quarantine/in-force';
import { described } from '#domain/quarantine/match';
import type { RuleContext, UserContext } from '#domain/quarantine/rule-context';
import { verseEnrolment } from '#domain/quarantine/verse-enrolment';
import { moment } from '#domain/time/moment';

type Rule = {
  id: string;
  /** When it applies, in one sentence for administrators. */
  says: string;
  /** The verdicts it can give, in one sentence. */
  gives: string;
  applies: (context: RuleContext, user: UserContext) => boolean;
  verdict: (context: RuleContext, user: UserContext) => VerdictName;
  evidence: (context: RuleContext, user: UserContext) => string;
  wouldChange: (context: RuleContext, user: UserContext) => string;
};

export const rules = [
  {
    id: 'wipe-in-progress',
    says: 'A wipe was requested and not cancelled, or the device was wiped.',
    gives: 'leave',
    applies: ({ device }) => isUnderWipe(device),
    verdict: () => 'leave',
    evidence: ({ device }) =>
      device.detail?.wipe === 'wiped' ? 'the device was wiped' : 'a wipe was requested and not cancelled',
    wouldChange: ({ device }) =>
      device.detail?.wipe === 'wiped' ? 'Remove the device; it can then register anew.' : 'Cancel the wipe.',
  },
  {
    id: 'manual-decision',
    says: 'A person or a portal rule approved or blocked it, and that decision has neither expired nor been withdrawn; the newest counts.',
    gives: 'as decided: approve or block',
    applies: ({ decision }) => decision !== null,
    verdict: ({ decision }) => decision?.decided ?? 'leave',
    evidence: ({ decision }) => decided(decision),
    wouldChange: ({ decision }) =>
      decision?.expiresAt === undefined
        ? 'A newer decision, or withdrawing this one.'
        : 'A newer decision, withdrawing this one, or its expiry.',
  },
  {
    id: 'denied-elsewhere',
    says: 'It is denied or barred on the server, and not by us.',
    gives: 'leave',
    applies: ({ device }) => device.denial === null && isDeniedOnServer(device),
    verdict: () => 'leave',
    evidence: ({ device }) => `the server shows ${shown(device)}, and that was not our doing`,
    wouldChange: () => 'Allow the device on the Traveler server, or approve it here by hand.',
  },
  {
    id: 'secure-mail',
    says: 'The client is Secure Mail: it is always let in, whether approval is required or not.',
    gives: 'approve',
    applies: ({ client }) => client === 'secure-mail',
    verdict: () => 'approve',
    evidence: ({ isListedAsSecureMail }) =>
      isListedAsSecureMail
        ? 'Secure Mail: an enrolment lists its id as one of Secure Mail'
        : 'Secure Mail, by the beginning of its id',
    wouldChange: () => 'Blocking it by hand.',
  },
  {
    id: 'aq-off',
    says: 'Auto-Quarantine is not in force for this device.',
    gives: 'leave; approve where Auto-Quarantine is known to be off and its own earlier block is all that keeps the device out',
    applies: ({ device }, { input }) => whyNotInForce(input, device) !== null,
    verdict: ({ device }, { input }) => (isKnownOff(input) && hasLostAccessByUs(device) ? 'approve' : 'leave'),
    evidence: ({ device }, { input }) =>
      `${whyNotInForce(input, device) ?? 'in force'}${isKnownOff(input) ? givenBackOr(stillBlocked)(device) : stillBlocked(device)}`,
    wouldChange: () => 'Switching Auto-Quarantine on, once the server supports it and its present devices are recorded.',
  },
  {
    id: 'existing-device',
    says: 'It was connected before Auto-Quarantine was in force: existing devices are never cut off.',
    gives: "approve if it is waiting for approval, or if Auto-Quarantine's own block is all that keeps it out; else leave",
    applies: ({ device }) => device.existing,
    verdict: ({ device }) => (isPending(device) || hasLostAccessByUs(device) ? 'approve' : 'leave'),
    evidence: ({ device }) =>
      `connected before Auto-Quarantine: present in the gather that recorded existing devices, neither waiting nor denied then${givenBackOr(stillBlocked)(device)}`,
    wouldChange: () => 'Blocking it by hand, or removing it so that it registers anew.',
  },
  {
    id: 'unread-in-baseline',
    says: 'It was there when existing devices were recorded, and its full record could not be read then or since.',
    gives: 'undetermined',
    applies: ({ device }) => device.baselineOwed === true,
    verdict: () => 'undetermined',
    evidence: () =>
      'listed by the complete gather that recorded existing devices, with a full record that could not be read: whether it was connected or waiting then is not known',
    wouldChange: () => 'Its full record, once it can be read; or approving or blocking it by hand.',
  },
  {
    id: 'ambiguous-match',
    says: 'An auto-approve option is on, and the device fits two enrolments, or its user two portal users.',
    gives: 'undetermined',
    applies: ({ match }, { anyAutoApprove }) => anyAutoApprove && match.kind === 'ambiguous',
    verdict: () => 'undetermined',
    evidence: ({ match }) => `ambiguous: ${match.evidence}`,
    wouldChange: () =>
      'Confirm which portal user this is, end the enrolment that is out of date, or approve or block it by hand.',
  },
  {
    id: 'verse-on-enrolled-device',
    says: 'Verse is approved on enrolled devices: Verse for iOS where the user has an enrolled iOS device, Verse for Android where this very device is enrolled.',
    gives: 'approve',
    applies: (context, user) => user.input.settings.autoApproveVerse && verseEnrolment(context, user) !== null,
    verdict: () => 'approve',
    evidence: (context, user) => {
      if (context.match.kind === 'device') return `Verse, and ${context.match.evidence}`;
      const enrolment = verseEnrolment(context, user);
      return `Verse, and ${context.match.evidence}${enrolment ? `: ${described(enrolment)}` : ''}`;
    },
    wouldChange: () => 'The end of that enrolment, or switching the Verse option off.',
  },
  {
    id: 'mail-pushed-by-policy',
    says: 'Enrolled devices are approved if the portal pushed their mail, and blocked if mail was set up by hand.',
    gives: 'mail pushed: approve; set up by hand: block; unknown: undetermined',
    applies: ({ enrolment }, { input }) => input.settings.autoApproveByPolicy && enrolment !== null,
    verdict: ({ enrolment }) => byMail[enrolment?.mailConfiguration ?? 'unknown'].verdict,
    evidence: ({ enrolment, match }) => `${byMail[enrolment?.mailConfiguration ?? 'unknown'].says}; ${match.evidence}`,
    wouldChange: ({ enrolment }) => byMail[enrolment?.mailConfiguration ?? 'unknown'].wouldChange,
  },
  {
    id: 'enrolled-device',
    says: 'The device is enrolled in the portal, and enrolled devices are approved.',
    gives: 'approve',
    applies: ({ enrolment }, { input }) => input.settings.autoApproveEnrolled && enrolment !== null,
    verdict: () => 'approve',
    evidence: ({ match }) => `enrolled: ${match.evidence}`,
    wouldChange: () => 'The end of that enrolment, or switching the option for enrolled devices off.',
  },
  {
    id: 'within-allowance',
    says: 'A user may have N devices before approval is required.',
    gives: 'approve',
    applies: ({ place }, { input }) => place <= input.settings.devicesPerUser,
    verdict: () => 'approve',
    evidence: ({ place }, { input }) => placeInWords(place, input.settings.devicesPerUser),
    wouldChange: () => 'A lower number of devices per user.',
  },
  {
    id: 'already-admitted',
    says: "It has access and the server enforces approval, or it was approved there: Auto-Quarantine never takes back what was granted. A device that had access until Auto-Quarantine's own block counts as if that block were not there.",
    gives: "leave; approve where Auto-Quarantine's own block is all that keeps it out",
    applies: ({ device }, { input }) =>
      hasLostAccessByUs(device)
        ? input.enforcement === 'server' || wasApprovedOnServer(device)
        : (input.enforcement === 'server' && hasAccess(device)) || (isApprovedOnServer(device) && !isDeniedOnServer(device)),
    verdict: ({ device }) => (hasLostAccessByUs(device) ? 'approve' : 'leave'),
    evidence: ({ device }) => `the server shows ${shown(device)}${givenBackOr(() => '')(device)}`,
    wouldChange: () => 'Blocking it by hand.',
  },
  {
    id: 'enrolment-unknown',
    says: 'An auto-approve option is on, and the portal has not told us its enrolments, or not lately enough.',
    gives: 'undetermined',
    applies: (_, { anyAutoApprove, input }) => anyAutoApprove && input.enrolmentFeed !== 'fresh',
    verdict: () => 'undetermined',
    evidence: (_, { input }) =>
      input.enrolmentFeed === 'never'
        ? 'the portal has never sent its enrolments'
        : 'what the portal sent about enrolments is older than the limit',
    wouldChange: () => 'News from the portal, or approving or blocking it by hand.',
  },
  {
    id: 'over-allowance',
    says: 'None of the above: the device waits until a rule or a person approves it.',
    gives: 'hold',
    applies: () => true,
    verdict: () => 'hold',
    evidence: (context, user) => overAllowance(context, user),
    wouldChange: (_, user) => waysToAllow(user),
  },
] as const satisfies readonly Rule[];

export type RuleId = (typeof rules)[number]['id'];

/** Rules whose approve only lifts our own block and grants nothing new (except to a pending existing device). */
export const givesBack = (rule: RuleId): boolean =>
  rule === 'aq-off' || rule === 'existing-device' || rule === 'already-admitted';

const byMail = {
  pushed: {
    verdict: 'approve',
    says: 'the portal pushed its mail',
    wouldChange: 'The end of that enrolment, or mail set up by hand.',
  },
  manual: { verdict: 'block', says: 'its mail was set up by hand', wouldChange: 'Pushing its mail from the portal.' },
  unknown: {
    verdict: 'undetermined',
    says: 'the portal does not say whether it pushed its mail',
    wouldChange: 'News from the portal about its mail, or approving or blocking it by hand.',
  },
} as const satisfies Record<Enrolment['mailConfiguration'], { verdict: VerdictName; says: string; wouldChange: string }>;

function decided(decision: Decision | null): string {
  if (decision === null) return 'no decision stands';
  const { by, at, reason, expiresAt } = decision;
  const who = `${by.kind === 'person' ? 'the person' : 'the portal rule'} ${by.name}`;
  const until = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
  return `${decision.decided === 'approve' ? 'approved' : 'blocked'} by ${who} on ${moment(at)}${until}${reason ? `: ${reason}` : ''}`;
}

function shown({ detail }: DeviceFacts): string {
  return `approval ${detail?.approval ?? 'unknown'}, access ${detail?.access ?? 'unknown'}`;
}

/** Evidence that our own block ends, for a device that lost access by it; `otherwise`: the evidence for any other device. */
const givenBackOr = (otherwise: (device: DeviceFacts) => string) => (device: DeviceFacts) =>
  hasLostAccessByUs(device) && device.denial
    ? `; it had access until Auto-Quarantine blocked it on ${moment(device.denial.at)}, and gets it back`
    : otherwise(device);

function wasApprovedOnServer({ denial }: DeviceFacts): boolean {
  return denial?.took?.approval === 'approved' || denial?.took?.approval === 'auto-approved';
}

function stillBlocked(device: DeviceFacts): string {
  return isDeniedByUs(device) ? '; it is still barred by our own earlier block, which approving it by hand lifts' : '';
}

/** Why no rule allowed it: its place, the devices before it, and what its match lacks. */
function overAllowance({ place, match, device }: RuleContext, { input, places, anyAutoApprove }: UserContext): string {
  const allowed = input.settings.devicesPerUser;
  const count =
    allowed === 0 ? 'no device is allowed before approval' : `${placeInWords(place, allowed)}; ${firstDevices(allowed, places)}`;
  const why = anyAutoApprove ? `; ${match.evidence}` : '';
  return device.detail === null ? `${count}${why}; what the server shows of it is not read yet` : `${count}${why}`;
}

const namesShown = 5;

const placeInWords = (place: number, allowed: number): string =>
  `the user's ${ordinal(place)} device, where ${allowed} ${allowed === 1 ? 'is' : 'are'} allowed before approval`;

function firstDevices(allowed: number, { ordered }: UserContext['places']): string {
  const names = ordered.slice(0, Math.min(allowed, namesShown)).map(({ deviceId }) => deviceId);
  const which = allowed === 1 ? 'the first' : `first ${cardinal(allowed)}`;
  return `${which}: ${names.join(', ')}${allowed > namesShown ? ', …' : ''}`;
}

function waysToAllow({ input, anyAutoApprove }: UserContext): string {
  if (input.settings.devicesPerUser === 0) return anyAutoApprove ? ways.enrolment : ways.byHand;
  return anyAutoApprove ? ways.enrolmentOrPlace : ways.place;
}

const ways = {
  byHand: 'Approving it by hand.',
  enrolment: 'Its enrolment in the portal, or approving it by hand.',
  place: "Removing one of the user's devices, which frees a place, or approving it by hand.",
  enrolmentOrPlace:
    "Its enrolment in the portal, removing one of the user's devices, which frees a place, or approving it by hand.",
} as const;
