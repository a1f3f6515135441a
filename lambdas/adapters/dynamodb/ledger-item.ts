/** The stored form of an action: the action itself in one attribute, and beside it what its indexes and its expiry need. */
import { z } from 'zod';
import { deviceText } from '#adapters/dynamodb/keys';
import { type Action, action, type Step } from '#domain/action';
import { isFinal } from '#domain/transitions';

/** Everything that is still open is in one partition of the `open` index, ordered by when something is due. */
export const openKey = 'open';
/** How long an action that has ended stays in the ledger, seconds: long enough that its id never acts twice. */
const keptSeconds = 400 * 24 * 3600;

/** `revision` counts the writes of one action: each write names the one it read, so that two never mix. */
export const storedAction = z
  .object({ revision: z.number().int().positive(), action })
  .transform((item) => ({ ...item.action, revision: item.revision }));
export type LedgerAction = z.infer<typeof storedAction>;

export function ledgerItem(entry: Action, revision: number) {
  const base = {
    actionId: entry.actionId,
    deviceKey: deviceText(entry),
    requestedAt: entry.requestedAt,
    revision,
    action: action.parse(entry),
  };
  if (!isFinal(entry.state)) return { ...base, openKey, dueAt: dueAt(entry) };
  return { ...base, expiresAtSeconds: Math.ceil((entry.history.at(-1)?.at ?? entry.requestedAt) / 1000) + keptSeconds };
}

/** Epoch ms when an open action next needs someone: its next try, the end of a claim, or at once; never after its deadline. */
export function dueAt({ claim, notBefore, requestedAt, expiresAt }: Action): number {
  return Math.min(claim?.until ?? notBefore ?? requestedAt, expiresAt);
}

/** What an advance may change; `steps` are added to the history, the last one's state becomes the action's state. */
export type Advance = Partial<Pick<Action, 'attempts' | 'notBefore' | 'claim' | 'before' | 'after' | 'outcome'>> & {
  steps: readonly Step[];
};

const longestHistory = 200;

/** The next revision of an action. */
export function advanced(from: LedgerAction, { steps, ...change }: Advance): LedgerAction {
  return {
    ...from,
    ...change,
    state: steps.at(-1)?.state ?? from.state,
    history: shortened([...from.history, ...steps]),
    revision: from.revision + 1,
  };
}

/** Replaces the revision that was read, and no other. */
export const ledgerPut = (table: string, next: LedgerAction) => ({
  TableName: table,
  Item: ledgerItem(next, next.revision),
  ConditionExpression: 'revision = :read',
  ExpressionAttributeValues: { ':read': next.revision - 1 },
});

/** A week of waiting must not outgrow an item: the beginning and the recent past are kept. */
function shortened(history: Step[]): Step[] {
  if (history.length <= longestHistory) return history;
  const half = longestHistory / 2;
  return [...history.slice(0, half), ...history.slice(-half)];
}
