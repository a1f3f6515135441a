/**
 * A new device that is kept waiting is looked at once more a little later. Why: an enrolment finds the users that it concerns
 * through indexes, which trail the table. A device is stored, then evaluated (that evaluation reads enrolments strongly
 * consistent), and an enrolment stored just after that reading may ask the index before the device is in it. Then nobody would
 * decide the device anew until something else happened to it. By the time of the second look the enrolment is there to be read;
 * an enrolment that comes later still asks an index that had more than this time to follow (docs/decisions/0014-indexes-trail.md).
 */
import { evaluationOutgoing } from '#adapters/evaluations-queue';
import type { Device, UserKey, VerdictName } from '#domain/devices/device';
import type { EvaluationMessage } from '#domain/messages/messages';
import type { Verdict } from '#domain/quarantine/decide';
import type { EvaluateDependencies } from './dependencies.ts';

const secondLookSeconds = 60;
const cause = 'a new device waits: second look';
type Seen = { device: Pick<Device, 'verdict'>; verdict: Pick<Verdict, 'verdict'> };
const waits: ReadonlySet<VerdictName> = new Set(['hold', 'undetermined', 'block']);

/** Sent before the verdict is recorded: a crash in between sends it once more, and loses none. */
export async function recheckNewDevice(
  { evaluations }: Pick<EvaluateDependencies, 'evaluations'>,
  { sourceId, user }: UserKey,
  { decided, bulk }: { decided: readonly Seen[]; bulk?: true | undefined },
): Promise<void> {
  if (!decided.some(({ device, verdict }) => device.verdict === null && waits.has(verdict.verdict))) return;
  const body: EvaluationMessage = { kind: 'users', sourceId, users: [user], cause, bulk };
  await evaluations.send([evaluationOutgoing(body, secondLookSeconds)]);
}
