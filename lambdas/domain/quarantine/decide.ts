/** The decision engine: a verdict for each device of one user at one source, with its reason. Pure; list order never matters. */

import type { Client, Match, VerdictName } from '#domain/devices/device';
import type { DecideInput } from '#domain/quarantine/decide-input';
import { type RuleContext, ruleContext, type UserContext, userContext } from '#domain/quarantine/rule-context';
import { type RuleId, rules } from '#domain/quarantine/rules';

export type Verdict = {
  deviceId: string;
  client: Client;
  verdict: VerdictName;
  rule: RuleId;
  /** Plain sentences with the facts used. */
  evidence: string;
  wouldChange: string;
  match: Match;
  /** Rank among the user's registered devices, from 1: those with access first, then by registration. */
  place: number;
};

/** One verdict per device of `input.devices`, in their order: the first rule that applies decides. */
export function decide(input: DecideInput): Verdict[] {
  const user = userContext(input);
  const { holders } = user.matches;
  return holders.map((held, index) => decideOne(ruleContext(held, index, user), user));
}

function decideOne(context: RuleContext, user: UserContext): Verdict {
  const rule = firstRule(context, user);
  return {
    deviceId: context.device.deviceId,
    client: context.client,
    verdict: rule.verdict(context, user),
    rule: rule.id,
    evidence: rule.evidence(context, user),
    wouldChange: rule.wouldChange(context, user),
    match: context.match,
    place: context.place,
  };
}

function firstRule(context: RuleContext, user: UserContext): (typeof rules)[number] {
  for (const rule of rules) if (rule.applies(context, user)) return rule;
  throw new Error('No rule applies to a device: the last rule must apply to every one.');
}
