/** The stored form of an action: the action itself in one attribute, and beside it what its indexes and its expiry need. */
import { z } from 'zod';
import { deviceText } from '#adapters/dynamodb/keys';
import { type Action, action, isOpen } from '#domain/action';

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
  if (isOpen(entry.state)) return { ...base, openKey, dueAt: dueAt(entry) };
  return { ...base, expiresAt: Math.ceil((entry.history.at(-1)?.at ?? entry.requestedAt) / 1000) + keptSeconds };
}

/** Epoch ms when an open action next needs someone: its next try, the end of a claim, or at once; never after its deadline. */
export function dueAt({ claim, notBefore, requestedAt, expiresAt }: Action): number {
  return Math.min(claim?.until ?? notBefore ?? requestedAt, expiresAt);
}
