/**
 * Decides the next step of one attempt at one action. Pure: from the command, the journal, the lease, the cloud's clock and what
 * the server shows. The shell (perform-action.ts) only does what is decided here.
 *
 * An attempt in `received` reads, then writes. One found in `started` was interrupted during its write, one found in `written`
 * after it: both are completed by reading, and only a write that may not have been sent at all is repeated. A wipe is never
 * repeated, because by then the phone may be a different one.
 */

import { staleWipe } from '#domain/actions/readiness';
import { type EffectContext, effects, type Progress } from '#domain/actions/wanted-effects';
import { setUpAnew } from '#domain/actions/wipe';
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionCommand, ActionOutcome, RelayProblem } from '#domain/relay/relay-protocol';
import type { JournalEntry } from '../journal/action-journal.ts';
import { interrupted, lostWipe, notWrittenAgain } from './describe-problem.ts';

export type Situation = {
  entry: Pick<JournalEntry, 'command' | 'startedAt' | 'before' | 'writtenAt'>;
  /** A newer attempt at the same action exists. */
  outdated: boolean;
  /** An earlier attempt was sent, or may have been: what is pending on the server may be ours. */
  sentBefore: boolean;
  /** The lease that this relay holds now. */
  held: { fence: number } | null;
  /** Epoch ms, by the cloud's clock. */
  cloudNow: number;
};
/** The result of reading the device. */
export type DeviceReading = { seen: DeviceDetail } | 'gone' | { problem: RelayProblem };
export type Next = { next: 'read' } | { next: 'write'; before: DeviceDetail } | { next: 'finish'; outcome: ActionOutcome };

const finish = (outcome: ActionOutcome): Next => ({ next: 'finish', outcome });

function effectContext({ wipeTargets, lockBelongs, sent, asBefore }: ActionCommand): EffectContext {
  return { ...(wipeTargets === undefined ? {} : { wipeTargets }), lockBelongs, sent, givesBack: asBefore !== undefined };
}

/** Progress of the effect once our write has been sent, or may have been. */
export const progressAfter = (command: ActionCommand, seen: DeviceDetail): Progress =>
  effects[command.what].progress(seen, { ...effectContext(command), sent: true });

/** Why nothing may be written now; null if it may. Checked before reading, and again just before the write. */
export function cannotWrite({ entry: { command }, outdated, held, cloudNow }: Situation): ActionOutcome | null {
  // Reading is never too late: even past the deadline, somebody wants to know the state.
  const late = command.step !== 'look' && cloudNow >= command.expiresAt;
  if (outdated || late) return { how: 'expired' };
  return held?.fence === command.fence ? null : { how: 'not-holder' };
}

/** The step before anything has been read. */
export function firstStep(situation: Situation): Next {
  if (situation.entry.startedAt !== null) return { next: 'read' };
  const outcome = cannotWrite(situation);
  return outcome ? finish(outcome) : { next: 'read' };
}

/** The step after the device has been read. */
export function afterReading(situation: Situation, reading: DeviceReading): Next {
  return situation.entry.startedAt === null ? beforeWrite(situation, reading) : afterInterruption(situation, reading);
}

function beforeWrite({ entry: { command }, sentBefore }: Situation, reading: DeviceReading): Next {
  if (reading === 'gone') return finish({ how: 'gone', started: false });
  if ('problem' in reading) return finish({ how: 'unread', problem: reading.problem });
  const before = reading.seen;
  if (command.step === 'look') return finish({ how: 'looked', before });
  const about = { ...effectContext(command), sent: command.sent || sentBefore };
  const effect = effects[command.what];
  const progress = effect.progress(before, about);
  // A wipe that cannot be identified is ours only if we have sent one.
  if (progress !== 'undone' && (progress !== 'fetched' || about.sent)) return finish({ how: 'already', before });
  if (effect.givesWay && before.wipe === 'requested') return finish({ how: 'looked', before });
  const why = stale(command, before) ?? effect.refuses(before, about);
  return why === null ? { next: 'write', before } : finish({ how: 'refused', why, before });
}

/** Detects that the record may belong to a phone that was set up again, even if the last gather did not see it. */
function stale({ what, wipeFence, requestedAt, href }: ActionCommand, detail: DeviceDetail): string | null {
  const fenced = { type: what, requestedAt, registeredAt: null, ...(wipeFence ? { fence: wipeFence } : {}) };
  const evidence = setUpAnew(fenced, { href, detail });
  return evidence === null ? null : staleWipe(evidence);
}

function afterInterruption(situation: Situation, reading: DeviceReading): Next {
  const { command, before, writtenAt } = situation.entry;
  if (reading === 'gone') return finish({ how: 'gone', started: true });
  if ('problem' in reading) return finish({ how: 'unknown', problem: reading.problem, before });
  if (before === null) return finish({ how: 'unknown', problem: interrupted, before });
  const there = progressAfter(command, reading.seen) !== 'undone';
  if (there || writtenAt !== null) return finish({ how: 'written', before, after: reading.seen });
  if (command.what === 'wipe') return finish({ how: 'unknown', problem: lostWipe, before });
  return cannotWrite(situation) === null
    ? { next: 'write', before }
    : finish({ how: 'unknown', problem: notWrittenAgain, before });
}

/** The outcome after the write was tried and the device read back. `write`: the result of the write itself. */
export function afterWrite(
  command: ActionCommand,
  { before, write, reading }: { before: DeviceDetail; write: 'accepted' | 'gone' | RelayProblem; reading: DeviceReading },
): ActionOutcome {
  if (write === 'gone' || reading === 'gone') return { how: 'gone', started: true };
  const seen = 'seen' in reading ? reading.seen : null;
  if (seen !== null && (write === 'accepted' || progressAfter(command, seen) !== 'undone'))
    return { how: 'written', before, after: seen };
  if (write === 'accepted') return { how: 'unknown', problem: 'problem' in reading ? reading.problem : interrupted, before };
  const mayHaveTakenEffect = write.kind === 'unknown' || write.kind === 'transient';
  return mayHaveTakenEffect ? { how: 'unknown', problem: write, before } : { how: 'unwritten', problem: write, before };
}
