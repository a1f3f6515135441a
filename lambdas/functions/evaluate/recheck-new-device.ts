/**
 * A new device that is kept waiting is evaluated once more a little later. Why: an enrolment finds the users that it concerns
 * through indexes, which are eventually consistent. A device is stored, then evaluated (that evaluation reads enrolments strongly
 * consistently), and an enrolment stored just after that read may query the index before the device is in it. Then nothing would
 * evaluate the device again until something else happens to it. The second evaluation sees that enrolment; an even later
 * enrolment queries an index that has had more than this time to catch up (docs/decisions/0014-indexes-trail.md).
 */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { Device, UserKey, VerdictName } from '#domain/devices/device';
import type { EvaluationMessage } from '#domain/messages/queue-messages';
import type { Verdict } from '#domain/quarantine/decide';
import type { EvaluateDependencies } from './dependencies.ts';

const recheckSeconds = 60;
const cause = 'a new device waits: second look';
type Decided = { device: Pick<Device, 'verdict'>; verdict: Pick<Verdict, 'verdict'> };
const waits: ReadonlySet<VerdictName> = new Set(['hold', 'undetermined', 'block']);

/** Sent before the verdict is recorded: a crash in between sends it twice, and loses none. */
export async function recheckNewDevice(
  { evaluations }: Pick<EvaluateDependencies, 'evaluations'>,
  { sourceId, user }: UserKey,
  { decided, bulk }: { decided: readonly Decided[]; bulk?: true | undefined },
): Promise<void> {
  if (!decided.some(({ device, verdict }) => device.verdict === null && waits.has(verdict.verdict))) return;
  const body: EvaluationMessage = { kind: 'users', sourceId, users: [user], cause, bulk };
  await evaluations.send([evaluationOutgoing(body, recheckSeconds)]);
}
