/**
 * One attempt at an action, as values: what is known of it, what was just observed, and what can follow. next-step.ts decides;
 * functions/act carries it out. An attempt lasts from one message of the action queue until its action ends, waits or is
 * sent to a relay.
 */
import type { Action, ActionState, Shown, Step } from '#domain/actions/action';
import type { SourceFailure } from '#domain/actions/failure-consequences';
import type { Device, DeviceDetail } from '#domain/devices/device';
import type { SourcePause, SourceState } from '#domain/devices/source';
import type { TimelineEntry } from '#domain/journal/timeline';

/** What the server shows of the device: the full record, the part that is stored with an action, and the record's address. */
export type Sight = { seen: DeviceDetail; shown: Shown; href: string };

/**
 * What this attempt has done on the server so far.
 * - `nothing`: nothing yet; `admitted`: cleared for writing, including by the hourly limit on wipes;
 * - `written`: the server accepted the write; `reads`: how often it was read back. `steps`, `before`: not stored yet;
 * - `denied`: the server refused the write as not permitted; `before`: what it showed;
 * - `answer-lost`: the write got no answer, and that is stored.
 */
export type Tried =
  | { what: 'nothing' }
  | { what: 'admitted' }
  | { what: 'written'; reads: number; steps: readonly Step[]; before: Shown | null }
  | { what: 'denied'; failure: SourceFailure; before: Shown }
  | { what: 'answer-lost' };

export type Attempt = {
  /** As currently stored. */
  action: Action;
  /** As stored when the attempt began; null for an unknown device. */
  device: Pick<Device, 'registeredAt' | 'presence' | 'href' | 'returnedAt' | 'detail' | 'denial'> | null;
  /** The other actions of the device that have not ended. */
  open: readonly Action[];
  source: Pick<SourceState, 'problem' | 'retryAt' | 'pause'>;
  /** How the source is reached. */
  via: 'direct' | 'relay' | 'unconfigured';
  tried: Tried;
};
export type AttemptOnDevice = Attempt & { device: NonNullable<Attempt['device']> };

/** The clock (epoch ms) and chance (in [0, 1)) at the time of deciding. */
export type Moment = { now: number; random: number };

export type Observation =
  /** What is stored was read; nothing is claimed. `connected`: a relay of the source is connected. `capacity`: a slot is free. */
  | { saw: 'stored'; connected: boolean; capacity: boolean }
  /** It is claimed, and its source is reached through a relay. */
  | { saw: 'claimed' }
  | { saw: 'device'; sight: Sight }
  | { saw: 'gone' }
  /** The record's address leads to another device. */
  | { saw: 'other-device' }
  | { saw: 'read-failed'; failure: SourceFailure }
  /** The hourly limit on wipes is reached. */
  | { saw: 'not-admitted'; limit: number }
  /** `before`: as read before the write. `after`: the reading after it, if the answer includes one (from a relay). */
  | { saw: 'accepted'; before: Shown | null; after?: Sight | 'gone' }
  | { saw: 'write-failed'; failure: SourceFailure; before: Shown }
  /** A relay does not know whether its write took effect. */
  | { saw: 'outcome-unknown'; failure: SourceFailure; before: Shown | null }
  /** The source is paused until then (epoch ms); null: another worker has just found it healthy. */
  | { saw: 'paused'; failure: SourceFailure; until: number | null }
  | { saw: 'wipe-cancelled' }
  | { saw: 'wipe-not-cancelled'; failure: SourceFailure }
  | { saw: 'sent' }
  /** The relay disconnected just before the command was sent. */
  | { saw: 'disconnected' }
  /** A relay reports that the action is not possible or not allowed on this device. */
  | { saw: 'refused'; why: string; before: Shown }
  | { saw: 'expired-at-relay' }
  | { saw: 'not-lease-holder' }
  /** A result of an earlier attempt. */
  | { saw: 'outdated-result' }
  /** A result of this attempt that is already recorded. */
  | { saw: 'repeated-result' };
export type ObservationKind = Observation['saw'];

export type SourceChange = Partial<Pick<SourceState, 'pause' | 'problem' | 'retryAt' | 'refusedSecret'>>;

export type EndOther = { effect: 'end-other'; actionId: string; step: Step };

/** Done before the step, in this order. */
export type Effect =
  | { effect: 'record'; steps: readonly Step[]; before: Shown | null }
  /** Another action of the device ends with this one. */
  | EndOther
  | { effect: 'source-healthy' }
  /** Another action that waits for the source probes it next. */
  | { effect: 'resume-source' };

/** `before`: null leaves what is stored. `after`: what the server showed last; null when it was not read. */
type Written = { steps: readonly Step[]; before: Shown | null };
export type NextStep =
  | { do: 'nothing' }
  /** The observation does not fit what is stored: read it again. */
  | { do: 'start-over' }
  /** Nothing to write: the user is evaluated at that time (epoch ms). */
  | { do: 'wake'; at: number }
  /** `probe`: the source's pause is over; this attempt probes it, and moves the pause on so that no other does. */
  | { do: 'claim'; probe: SourcePause | null }
  /** Count it against the hourly limit on wipes, then observe `again`. */
  | { do: 'admit'; again: Observation }
  | { do: 'send'; command: 'carry-out' | 'look' }
  | { do: 'read'; afterMs: number; tried: Tried }
  | { do: 'write'; sight: Sight }
  | { do: 'cancel-stale-wipe'; href: string }
  | { do: 'pause-source'; failure: SourceFailure; until: number; change: SourceChange; alarm: boolean }
  | ({ do: 'wait'; notBefore: number; waitsFor: 'source' | null } & Written)
  /** A wipe that the server accepted stays open and is read again. */
  | ({ do: 'follow'; notBefore: number; shown: Shown } & Written)
  | ({ do: 'ask-confirmation'; notBefore: number; askedAt: number; line: TimelineEntry } & Written)
  /** `alsoEnded`: ids of the other actions that ended with it. */
  | ({ do: 'end'; state: ActionState; after: Shown | null; alsoEnded: readonly string[] } & Written);
export type NextKind = NextStep['do'];
export type StepOf<K extends NextKind> = Extract<NextStep, { do: K }>;

export type Decision = { first: readonly Effect[]; step: NextStep };
