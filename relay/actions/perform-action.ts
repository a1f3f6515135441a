/**
 * Performs one attempt at one action and returns its outcome. Every step that changes something is journaled before it is taken.
 * Throws Stopped when the relay is stopped in between: the journal then records how far the attempt got, and the next start
 * continues from there.
 */
import type { DeviceDetail } from '#domain/devices/device';
import type { ActionCommand, ActionOutcome, RelayProblem } from '#domain/relay/relay-protocol';
import { remainingDelays } from '../domino/read-back-delays.ts';
import type { ActionJournal, JournalEntry } from '../journal/action-journal.ts';
import type { Link, RelaySource } from '../ports.ts';
import { type DeviceReader, type ReadSource, readDevice, readDeviceUntil } from './read-device.ts';
import {
  afterReading,
  afterWrite,
  cannotWrite,
  type DeviceReading,
  firstStep,
  progressAfter,
  type Situation,
} from './relay-next-step.ts';
import { type WriteSource, writeAction } from './writes.ts';

export type PerformActionDependencies = DeviceReader & {
  source: ReadSource & WriteSource & Pick<RelaySource, 'readBack'>;
  journal: Pick<ActionJournal, 'started' | 'written' | 'attemptsOf'>;
  /** Epoch ms of this machine's clock. */
  now(): number;
  /** Rejects with Stopped when the relay stops. */
  pause(ms: number): Promise<void>;
};
/** `startedAt`: when the write began, epoch ms; null when nothing was written. */
export type PerformedAction = { outcome: ActionOutcome; startedAt: number | null };

export async function performAction(deps: PerformActionDependencies, entry: JournalEntry, link: Link): Promise<PerformedAction> {
  const { command, startedAt } = entry;
  const attempts = await deps.journal.attemptsOf(command.actionId);
  const outdated = attempts.some((other) => other.command.attempt > command.attempt);
  const lastWrite = Math.max(...attempts.map((other) => other.startedAt ?? never));
  const sentBefore = lastWrite !== never;
  const situation = (): Situation => ({ entry, outdated, sentBefore, held: link.held(), cloudNow: link.cloudNow() });

  const first = firstStep(situation());
  if (first.next === 'finish') return { outcome: first.outcome, startedAt };
  const next = afterReading(situation(), await readAfterLastWrite(deps, command, lastWrite));
  if (next.next === 'finish') return { outcome: next.outcome, startedAt };
  if (next.next === 'read') throw new Error('What was read leads to an outcome or to a write');
  return write(deps, { entry, before: next.before, situation });
}

const never = Number.NEGATIVE_INFINITY;

/** A write of this action may have been sent a moment ago: wait for its effect as long as after any write. */
function readAfterLastWrite(deps: PerformActionDependencies, command: ActionCommand, lastWrite: number): Promise<DeviceReading> {
  if (lastWrite === never) return readDevice(deps, command);
  const waits = remainingDelays(deps.source.readBack, deps.now() - lastWrite);
  return readDeviceUntil(deps, command, {
    waits,
    isShown: (seen) => progressAfter(command, seen) !== 'undone',
    pause: deps.pause,
  });
}

type Writing = { entry: JournalEntry; before: DeviceDetail; situation(): Situation };

async function write(deps: PerformActionDependencies, { entry, before, situation }: Writing): Promise<PerformedAction> {
  const { command } = entry;
  // Also updated when a write is repeated: if it is interrupted again, the wait for its effect counts from here.
  const startedAt = deps.now();
  try {
    await deps.journal.started(command, { before, at: startedAt });
  } catch (error) {
    return { outcome: { how: 'unwritten', problem: deps.report(error), before }, startedAt: entry.startedAt };
  }
  // Syncing the disk may have taken longer than the lease lasts.
  const obstacle = cannotWrite(situation());
  if (obstacle && entry.startedAt === null) return { outcome: obstacle, startedAt: null };
  const written = await tryToWrite(deps, command, before);
  // Without this entry a restart treats the attempt as one that may have been sent, which is also safe.
  if (written === 'accepted') await deps.journal.written(command, deps.now()).catch(deps.report);
  const reading = written === 'gone' ? written : await readBack(deps, command, written);
  return { outcome: afterWrite(command, { before, write: written, reading }), startedAt };
}

async function tryToWrite(
  { source, report }: PerformActionDependencies,
  command: ActionCommand,
  before: DeviceDetail,
): Promise<'accepted' | 'gone' | RelayProblem> {
  try {
    return await writeAction(source, command, before);
  } catch (error) {
    return report(error);
  }
}

/** A rejection is checked too: on a shared console, it may have been a reply to someone else's line. */
const checksOfRefusal = 3;

async function readBack(
  deps: PerformActionDependencies,
  command: ActionCommand,
  written: 'accepted' | RelayProblem,
): Promise<DeviceReading> {
  const nothingSent = written !== 'accepted' && (written.kind === 'invalid' || written.kind === 'refused');
  if (nothingSent) return { problem: written };
  const mayHaveTakenEffect = written === 'accepted' || written.kind === 'unknown' || written.kind === 'transient';
  const waits = mayHaveTakenEffect ? deps.source.readBack : deps.source.readBack.slice(0, checksOfRefusal);
  return readDeviceUntil(deps, command, {
    waits,
    isShown: (seen) => progressAfter(command, seen) !== 'undone',
    pause: deps.pause,
  });
}
