/**
 * Enrolments by portal user, with pointers from everything they can be found by; enrolment-writes.ts has the stored form.
 * Invariants: all copies of an enrolment change in one transaction; a version never goes back; an enrolment has one user.
 */
import { GetCommand, ScanCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { nullIfRefused } from '#adapters/dynamodb/conditional-write';
import { encodeCursor } from '#adapters/dynamodb/cursor';
import { affectedUsersFinder } from '#adapters/dynamodb/devices/affected-users';
import { candidateReader } from '#adapters/dynamodb/enrolments/enrolment-candidates';
import { enrolmentFeedStore } from '#adapters/dynamodb/enrolments/enrolment-feed';
import { type GateItem, gateItem, gateKey, replacement } from '#adapters/dynamodb/enrolments/enrolment-writes';
import { keyOf } from '#adapters/dynamodb/query-pages';
import { committed, untilWritten } from '#adapters/dynamodb/transactions';
import { type RetryTiming, realTiming } from '#adapters/retry-timing';
import type { UserKey } from '#domain/devices/device';
import type { Enrolment, EnrolmentFeed } from '#domain/enrolment/enrolment';

/** `formers`: earlier forms of the enrolment that are not `announced` yet, to be passed to `affectedUsers`. */
export type Put = { outcome: 'stored' | 'same' | 'older'; formers: Enrolment[] };
export type EnrolmentTables = { enrolments: string; devices: string; control: string; journal: string };
/** `unannounced`: ids of those whose last change is not announced yet. */
export type EnrolmentPage = { enrolments: Enrolment[]; unannounced: string[]; cursor: string | null };
export type EnrolmentStore = ReturnType<typeof enrolmentStore>;

type State = { client: DocumentClient; tables: EnrolmentTables; now: () => number; timing: RetryTiming };

/**
 * Enrolments in DynamoDB. `staleHours`: the configuration's `enrolmentStaleHours`. `now`: the time of the journal lines, epoch
 * ms.
 */
export function enrolmentStore(client: DocumentClient, tables: EnrolmentTables, staleHours: number, now = Date.now) {
  const state: State = { client, tables, now, timing: realTiming };
  const reader = candidateReader(client, tables.enrolments);
  const usersOf = affectedUsersFinder(client, tables.devices);
  const feed = enrolmentFeedStore(client, tables, staleHours);
  return {
    ...reader,

    /**
     * Stores an enrolment unless a newer version is stored. After `same` and `stored`: send to evaluation, then call
     * `announced`.
     */
    put: (enrolment: Enrolment): Promise<Put> =>
      untilWritten(() => putOnce(state, enrolment), `Enrolment ${enrolment.id}`, state.timing),

    /** Changes the status of an enrolment that a snapshot no longer contains; its version stays, so that it can return. */
    withdraw: (id: string, status: string): Promise<Enrolment> =>
      untilWritten(() => withdrawOnce(state, id, status), `Enrolment ${id}`, state.timing),

    /** Its users were sent to evaluation: forgets its earlier forms. A newer version stored meanwhile keeps its own. */
    announced: (enrolment: Enrolment): Promise<void> => forgetFormers(state, enrolment),

    /** Every Traveler user, at any source, whose verdicts may differ now that `enrolment` replaced `formers`. */
    async affectedUsers(enrolment: Enrolment, formers: readonly Enrolment[] = []): Promise<UserKey[]> {
      const own = [enrolment, ...formers];
      const all = await reader.ofPortalUsers(own.map(({ user }) => user.email));
      return usersOf([...own, ...all]);
    },

    /** Strongly consistent; null for an enrolment that is not stored. */
    read: async (id: string): Promise<Enrolment | null> => (await readGate(state, id))?.enrolment ?? null,

    /** Whether the portal sent an event recently. `now`: epoch ms. */
    feed: async (now: number): Promise<EnrolmentFeed> => (await feed.state(now)).feed,
    feedState: feed.state,
    noteEvent: feed.noteEvent,
    noteCleared: feed.cleared,
    noteAnnounced: feed.announced,
    staleTurn: feed.staleTurn,
    noteStaleAnnounced: feed.staleAnnounced,

    /** A page of all enrolments, in no particular order; reads the whole table over all pages. Throws on a foreign cursor. */
    list: (cursor: string | null = null, limit = 100): Promise<EnrolmentPage> => listEnrolments(state, cursor, limit),
  };
}

async function readGate({ client, tables }: State, id: string): Promise<GateItem | null> {
  const get = new GetCommand({ TableName: tables.enrolments, Key: gateKey(id), ConsistentRead: true });
  const { Item } = await client.send(get);
  return Item ? gateItem.parse(Item) : null;
}

async function write({ client, tables, now }: State, before: GateItem | null, next: GateItem): Promise<boolean> {
  const TransactItems = replacement(tables, before, { next, at: now() });
  return committed(client.send(new TransactWriteCommand({ TransactItems })));
}

/** Null when another writer changed it in between. */
async function putOnce(state: State, enrolment: Enrolment): Promise<Put | null> {
  const before = await readGate(state, enrolment.id);
  if (before && enrolment.version < before.enrolment.version) return { outcome: 'older', formers: [] };
  if (before && enrolment.version === before.enrolment.version && !before.absent)
    return { outcome: 'same', formers: before.formers };
  const formers = before ? [...before.formers, before.enrolment] : [];
  return (await write(state, before, { enrolment, formers, absent: false })) ? { outcome: 'stored', formers } : null;
}

/** Null when another writer changed it in between. */
async function withdrawOnce(state: State, id: string, status: string): Promise<Enrolment | null> {
  const before = await readGate(state, id);
  if (!before) throw new Error(`Enrolment ${id} cannot be withdrawn: it is not stored.`);
  const enrolment = { ...before.enrolment, status };
  const next = { enrolment, formers: [...before.formers, before.enrolment], absent: true };
  return before.absent || (await write(state, before, next)) ? enrolment : null;
}

async function forgetFormers({ client, tables }: State, { id, version }: Enrolment): Promise<void> {
  const update = new UpdateCommand({
    TableName: tables.enrolments,
    Key: gateKey(id),
    UpdateExpression: 'SET formers = :none',
    ConditionExpression: 'enrolment.version = :version',
    ExpressionAttributeValues: { ':none': [], ':version': version },
  });
  // Refused: a newer version has its own earlier forms, which are announced with it.
  await nullIfRefused(client.send(update));
}

/** Names its list, since other lists have keys of the same form. */
const listKey = z
  .strictObject({ list: z.literal('enrolments'), pk: z.string(), sk: z.string() })
  .transform(({ pk, sk }): Record<string, unknown> => ({ pk, sk }));

/** Reads on until the page is full: most items of the table are no enrolments. */
async function listEnrolments({ client, tables }: State, cursor: string | null, limit: number): Promise<EnrolmentPage> {
  const found: GateItem[] = [];
  let start: Record<string, unknown> | undefined = cursor === null ? undefined : keyOf(cursor, listKey);
  do {
    const scan = new ScanCommand({
      TableName: tables.enrolments,
      FilterExpression: 'sk = :current',
      ExpressionAttributeValues: { ':current': 'current' },
      Limit: 500,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    const { Items = [], LastEvaluatedKey } = await client.send(scan);
    found.push(...Items.map((item) => gateItem.parse(item)));
    start = LastEvaluatedKey;
  } while (start && found.length < limit);
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = found.length > limit && last ? gateKey(last.enrolment.id) : start;
  return {
    enrolments: page.map((one) => one.enrolment),
    unannounced: page.filter((one) => one.formers.length > 0).map((one) => one.enrolment.id),
    cursor: next ? encodeCursor({ list: 'enrolments', ...next }) : null,
  };
}
