/** The stored form of an action: the action itself in one attribute, plus what its indexes and its expiry need. */
import { z } from 'zod';
import { deviceText } from '#adapters/dynamodb/keys';
import { type Action, action, type Step, step } from '#domain/actions/action';
import type { TimelineState } from '#domain/actions/action-timeline';
import { isFinal } from '#domain/actions/transitions';

/** A source's open actions are in one partition of the `open` index, ordered by when something is due. */
export const openKey = (sourceId: string) => `open|${sourceId}`;
/** How long an ended action stays in the ledger, in seconds: long enough that its id is never carried out twice. */
const keptSeconds = 400 * 24 * 3600;

/**
 * `revision` counts the writes of one action: each write is conditional on the one it read, so that two never mix. `told` and
 * `untold`: which of its steps the timeline has (action-timeline.ts); its request is always in the timeline.
 */
export const storedAction = z
  .object({ revision: z.number().int().positive(), action, told: z.number().int().default(1), untold: z.array(step).default([]) })
  .transform(({ action: stored, ...kept }) => ({ ...stored, ...kept }));
export type LedgerAction = z.infer<typeof storedAction>;

export function ledgerItem(entry: Action & Partial<TimelineState>, revision: number) {
  const base = {
    actionId: entry.actionId,
    deviceKey: deviceText(entry),
    requestedAt: entry.requestedAt,
    revision,
    action: action.parse(entry),
    told: entry.told ?? 1,
    untold: entry.untold ?? [],
  };
  if (!isFinal(entry.state)) return { ...base, openKey: openKey(entry.sourceId), dueAt: dueAt(entry) };
  return { ...base, expiresAtSeconds: Math.ceil((entry.history.at(-1)?.at ?? entry.requestedAt) / 1000) + keptSeconds };
}

/** After this long in a queue, an action's message counts as lost. */
const inQueueMs = 10 * 60_000;

/**
 * Epoch ms when an open action is overdue: its next attempt, the end of a claim, or when its message should have been processed;
 * never after its deadline. The time starts over when the reaper sends it again.
 */
export function dueAt({ claim, notBefore, pushedAt, requestedAt, expiresAt, history }: Action): number {
  const pushed = pushedAt === undefined ? 0 : pushedAt + inQueueMs;
  if (claim !== null) return Math.max(claim.until, pushed);
  const due = notBefore ?? (history.at(-1)?.at ?? requestedAt) + inQueueMs;
  return Math.max(Math.min(due, expiresAt), pushed);
}

type Changeable = 'attempts' | 'notBefore' | 'claim' | 'before' | 'after' | 'outcome' | 'waitsFor' | 'pushedAt' | 'confirmation';
/** What an advance may change. `steps` are added to the history; the last one's state becomes the action's state. */
export type Advance = Partial<Pick<Action, Changeable>> & {
  steps: readonly Step[];
};

const longestHistory = 200;

/**
 * The next revision of an action. Its writer has received the message, so when it was sent again (`pushedAt`) no longer
 * matters.
 */
export function advanced({ pushedAt: _, ...from }: LedgerAction, { steps, ...change }: Advance): LedgerAction {
  return {
    ...from,
    ...change,
    state: steps.at(-1)?.state ?? from.state,
    history: shortened([...from.history, ...steps]),
    revision: from.revision + 1,
  };
}

/** Replaces only the revision that was read. */
export const ledgerPut = (table: string, next: LedgerAction) => ({
  TableName: table,
  Item: ledgerItem(next, next.revision),
  ConditionExpression: 'revision = :read',
  ExpressionAttributeValues: { ':read': next.revision - 1 },
});

/** Keeps the history of a week of waiting within the size of an item: the oldest and the newest steps stay. */
function shortened(history: Step[]): Step[] {
  if (history.length <= longestHistory) return history;
  const half = longestHistory / 2;
  return [...history.slice(0, half), ...history.slice(-half)];
}
