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
  const circumstances = userContext(input);
  const { holders } = circumstances.matches;
  return holders.map((held, index) => decideOne(ruleContext(held, index, circumstances), circumstances));
}

function decideOne(subject: RuleContext, circumstances: UserContext): Verdict {
  const rule = firstRule(subject, circumstances);
  return {
    deviceId: subject.device.deviceId,
    client: subject.client,
    verdict: rule.verdict(subject, circumstances),
    rule: rule.id,
    evidence: rule.evidence(subject, circumstances),
    wouldChange: rule.wouldChange(subject, circumstances),
    match: subject.match,
    place: subject.place,
  };
}

function firstRule(subject: RuleContext, circumstances: UserContext): (typeof rules)[number] {
  for (const rule of rules) if (rule.applies(subject, circumstances)) return rule;
  throw new Error('No rule applies to a device: the last rule must apply to every one.');
}
