/**
 * What comes next for one attempt at one action: pure, from the command, the journal, the lease, the cloud's clock and what the
 * server shows. The shell (perform-action.ts) only does what is decided here.
 *
 * An attempt that is `received` reads, then writes. One found `started` was cut off in the middle of its write, and one found
 * `written` after it: both are concluded by reading, and only an attempt that may not have gone out at all is written again; a wipe
 * never is, because the phone that is there by then may be another one.
 */
import { type EffectContext, effects, type Progress } from '#domain/actions/executor-rules';
import { staleWipe } from '#domain/actions/readiness';
import { setUpAnew } from '#domain/actions/wipe';
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionCommand, ActionOutcome, RelayProblem } from '#domain/relay/relay-protocol';
import type { JournalEntry } from '../journal/action-journal.ts';
import { cutOff, lostWipe, notWrittenAgain } from './describe-problem.ts';

export type Situation = {
  entry: Pick<JournalEntry, 'command' | 'startedAt' | 'before' | 'writtenAt'>;
  /** A newer attempt at the same action is known. */
  outdated: boolean;
  /** An earlier one has gone out, or may have: what is pending on the server may be ours. */
  sentBefore: boolean;
  /** The lease that this relay holds at this moment. */
  held: { fence: number } | null;
  /** Epoch ms, by the cloud's clock. */
  cloudNow: number;
};
/** What reading the device gave. */
export type DeviceReading = { seen: DeviceDetail } | 'gone' | { problem: RelayProblem };
export type Next = { next: 'read' } | { next: 'write'; before: DeviceDetail } | { next: 'finish'; outcome: ActionOutcome };

const finish = (outcome: ActionOutcome): Next => ({ next: 'finish', outcome });

function circumstances({ wipeTargets, lockBelongs, sent, asBefore }: ActionCommand): EffectContext {
  return { ...(wipeTargets === undefined ? {} : { wipeTargets }), lockBelongs, sent, givesBack: asBefore !== undefined };
}

/** How far the effect has come once a write of ours has gone out, or may have. */
export const progressAfter = (command: ActionCommand, seen: DeviceDetail): Progress =>
  effects[command.what].progress(seen, { ...circumstances(command), sent: true });

/** Why nothing may be written now; null when it may. Asked before reading, and again at the last moment before the write. */
export function barred({ entry: { command }, outdated, held, cloudNow }: Situation): ActionOutcome | null {
  // Looking is never too late: past the deadline too, somebody wants to know what became of it.
  const late = command.step !== 'look' && cloudNow >= command.expiresAt;
  if (outdated || late) return { how: 'expired' };
  return held?.fence === command.fence ? null : { how: 'not-holder' };
}

/** Nothing has been read yet. */
export function atFirst(situation: Situation): Next {
  if (situation.entry.startedAt !== null) return { next: 'read' };
  const outcome = barred(situation);
  return outcome ? finish(outcome) : { next: 'read' };
}

/** The device was read. */
export function onSight(situation: Situation, sight: DeviceReading): Next {
  return situation.entry.startedAt === null ? beforeAnything(situation, sight) : afterCutOff(situation, sight);
}

function beforeAnything({ entry: { command }, sentBefore }: Situation, sight: DeviceReading): Next {
  if (sight === 'gone') return finish({ how: 'gone', started: false });
  if ('problem' in sight) return finish({ how: 'unread', problem: sight.problem });
  const before = sight.seen;
  if (command.step === 'look') return finish({ how: 'looked', before });
  const about = { ...circumstances(command), sent: command.sent || sentBefore };
  const effect = effects[command.what];
  const progress = effect.progress(before, about);
  // A wipe that cannot be named is ours only if we have sent one.
  if (progress !== 'undone' && (progress !== 'fetched' || about.sent)) return finish({ how: 'already', before });
  if (effect.givesWay && before.wipe === 'requested') return finish({ how: 'looked', before });
  const why = stale(command, before) ?? effect.refuses(before, about);
  return why === null ? { next: 'write', before } : finish({ how: 'refused', why, before });
}

/** The record may belong to a phone that was set up again, even where the last gather did not see it. */
function stale({ what, wipeFence, requestedAt, href }: ActionCommand, detail: DeviceDetail): string | null {
  const fenced = { type: what, requestedAt, registeredAt: null, ...(wipeFence ? { fence: wipeFence } : {}) };
  const evidence = setUpAnew(fenced, { href, detail });
  return evidence === null ? null : staleWipe(evidence);
}

function afterCutOff(situation: Situation, sight: DeviceReading): Next {
  const { command, before, writtenAt } = situation.entry;
  if (sight === 'gone') return finish({ how: 'gone', started: true });
  if ('problem' in sight) return finish({ how: 'unknown', problem: sight.problem, before });
  if (before === null) return finish({ how: 'unknown', problem: cutOff, before });
  const there = progressAfter(command, sight.seen) !== 'undone';
  if (there || writtenAt !== null) return finish({ how: 'written', before, after: sight.seen });
  if (command.what === 'wipe') return finish({ how: 'unknown', problem: lostWipe, before });
  return barred(situation) === null ? { next: 'write', before } : finish({ how: 'unknown', problem: notWrittenAgain, before });
}

/** The write was tried, and the device read back. `write`: how the write went by itself. */
export function afterWrite(
  command: ActionCommand,
  { before, write, sight }: { before: DeviceDetail; write: 'accepted' | 'gone' | RelayProblem; sight: DeviceReading },
): ActionOutcome {
  if (write === 'gone' || sight === 'gone') return { how: 'gone', started: true };
  const seen = 'seen' in sight ? sight.seen : null;
  if (seen !== null && (write === 'accepted' || progressAfter(command, seen) !== 'undone'))
    return { how: 'written', before, after: seen };
  if (write === 'accepted') return { how: 'unknown', problem: 'problem' in sight ? sight.problem : cutOff, before };
  const perhaps = write.kind === 'unknown' || write.kind === 'transient';
  return perhaps ? { how: 'unknown', problem: write, before } : { how: 'unwritten', problem: write, before };
}
