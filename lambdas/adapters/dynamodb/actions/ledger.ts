/**
 * The ledger of actions. Invariants: one entry per action id, ever; each write is conditional on the revision that was read,
 * so of two workers one wins and the other gets null; an ended action never changes again (transitions.ts enforces that,
 * this store only keeps two writers apart).
 */
import type { Advance, LedgerAction } from '#adapters/dynamodb/actions/ledger-item';
import {
  dueActions,
  type LedgerState,
  type ListOptions,
  listActions,
  openActionsOf,
  readAction,
  readActions,
} from '#adapters/dynamodb/actions/ledger-reads';
import { type DeviceChange, type Requested, storeRequest, writeNext } from '#adapters/dynamodb/actions/ledger-writes';
import type { DocumentClient } from '#adapters/dynamodb/client';
import type { Page, PageRequest } from '#adapters/dynamodb/cursor';
import { realTiming } from '#adapters/retry-timing';
import type { Action } from '#domain/actions/action';
import type { DeviceKey } from '#domain/devices/device';
import type { TimelineEntry } from '#domain/journal/timeline';

export type { Advance, LedgerAction } from '#adapters/dynamodb/actions/ledger-item';
export type { Requested } from '#adapters/dynamodb/actions/ledger-writes';
export type { Page } from '#adapters/dynamodb/cursor';

export type LedgerTables = { actions: string; devices: string; journal: string };
export type Ledger = ReturnType<typeof ledger>;

/** The ledger in DynamoDB. `timing`: of retries. */
export function ledger(client: DocumentClient, tables: LedgerTables, { timing = realTiming } = {}) {
  const state: LedgerState = { client, tables, timing };
  return {
    /** Strongly consistent; null for an id that is not in the ledger. */
    read: (actionId: string): Promise<LedgerAction | null> => readAction(state, actionId),

    /** In any order; ids that are not in the ledger are left out. */
    readMany: (actionIds: readonly string[]): Promise<LedgerAction[]> => readActions(state, actionIds),

    /**
     * Stores an action, once per id. The same request again returns `same` with the current entry; other content under a known
     * id returns `different`. The device shows the action as its open one, even after a crash in between.
     */
    request: (wanted: Action): Promise<Requested> => storeRequest(state, wanted),

    /**
     * Writes the next state of an action as it was read, with those lines of its steps that belong in the device's timeline
     * (action-timeline.ts), all or nothing; null when another writer changed it in between.
     */
    advance: (from: LedgerAction, change: Advance): Promise<LedgerAction | null> => writeNext(state, from, { change }),

    /**
     * Like `advance`, with the caller's lines about its end and its outcome on the device: all or nothing. A device that
     * changed since it was read is read again; one that was registered again is not changed.
     */
    end: (
      from: LedgerAction,
      change: Advance,
      line: (ended: LedgerAction) => TimelineEntry | readonly TimelineEntry[],
      { on }: { on?: DeviceChange } = {},
    ): Promise<LedgerAction | null> => writeNext(state, from, { change, more: (next) => [line(next)].flat(), on }),

    /**
     * All open actions of one device, oldest first, without `except`. Which actions there are is eventually consistent; their
     * state is strongly consistent.
     */
    openOf: (key: DeviceKey, { except }: { except?: string } = {}): Promise<LedgerAction[]> => openActionsOf(state, key, except),

    /** Open actions of a source that became due at or before `before` (epoch ms), the longest due first, page by page. */
    due: (sourceId: string, before: number, page: PageRequest = {}): Promise<Page<LedgerAction>> =>
      dueActions(state, { sourceId, before, ...page }),

    /** A page of actions: of one device newest first, otherwise in no order. `state` filters, so a page may hold fewer. */
    list: (options: ListOptions = {}): Promise<Page<LedgerAction>> => listActions(state, options),
  };
}
