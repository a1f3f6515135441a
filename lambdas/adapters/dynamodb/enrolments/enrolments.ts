/**
 * Enrolments by portal user, with pointers from everything they can be found by. An enrolment lives twice: at `id|…` (the
 * gate: its version, and what it was before while that is not announced) and at `user|…` (one Query reads a portal user).
 * Invariants: both copies and the pointers change in one transaction; a version never goes back; an enrolment has one user.
 */
import {
  GetCommand,
  ScanCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DocumentClient } from '#adapters/dynamodb/client';
import { decodeCursor, encodeCursor } from '#adapters/dynamodb/cursor';
import { affectedUsersFinder } from '#adapters/dynamodb/devices/affected-users';
import { candidateReader } from '#adapters/dynamodb/enrolments/enrolment-candidates';
import { enrolmentFeedStore, type FeedTurn } from '#adapters/dynamodb/enrolments/enrolment-feed';
import { pointerKeysOf } from '#adapters/dynamodb/enrolments/enrolment-pointers';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { enrolmentSk, enrolmentUserPk, idPointerPk } from '#adapters/dynamodb/keys';
import { committed, untilSettled } from '#adapters/dynamodb/transactions';
import type { UserKey } from '#domain/devices/device';
import { type Enrolment, type EnrolmentFeed, enrolment as enrolmentSchema } from '#domain/enrolment/enrolment';
import { enrolmentLine } from '#domain/quarantine/source-lines';

export const gateItem = z.object({
  enrolment: enrolmentSchema,
  /** Earlier forms whose users have not been sent to evaluation yet: they can lose their match. */
  formers: z.array(enrolmentSchema).default([]),
  /** A snapshot did not hold it: any form of this version or later is news again. */
  absent: z.boolean().default(false),
});
export type GateItem = z.infer<typeof gateItem>;
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** `formers`: what the enrolment was before and what of it is not `announced` yet, to be passed to `affectedUsers`. */
export type Put = { outcome: 'stored' | 'same' | 'older'; formers: Enrolment[] };
export type EnrolmentTables = { enrolments: string; devices: string; control: string; journal: string };
/** `unannounced`: ids of those whose last change was not announced yet. */
export type EnrolmentPage = { enrolments: Enrolment[]; unannounced: string[]; cursor: string | null };
export type EnrolmentStore = ReturnType<typeof enrolmentStore>;

export const gateKey = (id: string) => ({ pk: idPointerPk(id), sk: 'current' });
const userKeyOf = ({ id, user }: Enrolment) => ({ pk: enrolmentUserPk(user.email), sk: enrolmentSk(id) });

/** `staleHours`: configuration's `enrolmentStaleHours`. `now`: the time that the journal gives to what is stored. */
export function enrolmentStore(client: DocumentClient, tables: EnrolmentTables, staleHours: number, now = Date.now) {
  const table = tables.enrolments;
  const reader = candidateReader(client, table);
  const usersOf = affectedUsersFinder(client, tables.devices);
  const feed = enrolmentFeedStore(client, tables, staleHours);

  async function gate(id: string): Promise<GateItem | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: gateKey(id), ConsistentRead: true }));
    return Item ? gateItem.parse(Item) : null;
  }

  async function write(before: GateItem | null, next: GateItem): Promise<boolean> {
    const TransactItems = replacement(tables, before, { next, at: now() });
    return committed(client.send(new TransactWriteCommand({ TransactItems })));
  }

  async function putOnce(enrolment: Enrolment): Promise<Put | null> {
    const before = await gate(enrolment.id);
    if (before && enrolment.version < before.enrolment.version) return { outcome: 'older', formers: [] };
    if (before && enrolment.version === before.enrolment.version && !before.absent)
      return { outcome: 'same', formers: before.formers };
    const formers = before ? [...before.formers, before.enrolment] : [];
    return (await write(before, { enrolment, formers, absent: false })) ? { outcome: 'stored', formers } : null;
  }

  async function withdrawOnce(id: string, status: string): Promise<Enrolment | null> {
    const before = await gate(id);
    if (!before) throw new Error(`Enrolment ${id} cannot be withdrawn: it is not stored.`);
    const enrolment = { ...before.enrolment, status };
    const next = { enrolment, formers: [...before.formers, before.enrolment], absent: true };
    return before.absent || (await write(before, next)) ? enrolment : null;
  }

  return {
    ...reader,

    /** Takes an enrolment in by its version. `same` and `stored` are to be sent to evaluation, then `announced`. */
    put: (enrolment: Enrolment): Promise<Put> => untilSettled(() => putOnce(enrolment), `Enrolment ${enrolment.id}`),

    /** Gives an enrolment that a snapshot no longer holds another status; its version stays, so that it can come back. */
    withdraw: (id: string, status: string): Promise<Enrolment> => untilSettled(() => withdrawOnce(id, status), `Enrolment ${id}`),

    /** Its users were sent to evaluation: forgets what it was before. A newer version stored meanwhile keeps its formers. */
    async announced({ id, version }: Enrolment): Promise<void> {
      const update = new UpdateCommand({
        TableName: table,
        Key: gateKey(id),
        UpdateExpression: 'SET formers = :none',
        ConditionExpression: 'enrolment.version = :version',
        ExpressionAttributeValues: { ':none': [], ':version': version },
      });
      await client.send(update).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      });
    },

    /** Every Traveler user, at any source, whose verdicts may differ now that `enrolment` replaced `formers`. */
    async affectedUsers(enrolment: Enrolment, formers: readonly Enrolment[] = []): Promise<UserKey[]> {
      const own = [enrolment, ...formers];
      const all = await reader.ofPortalUsers(own.map(({ user }) => user.email));
      return usersOf([...own, ...all]);
    },

    async read(id: string): Promise<Enrolment | null> {
      return (await gate(id))?.enrolment ?? null;
    },

    /** Whether the portal was heard from lately: `now` in epoch ms. */
    async feed(now: number): Promise<EnrolmentFeed> {
      return (await feed.state(now)).feed;
    },
    feedState: feed.state,
    heard: feed.heard,
    heardAnnounced: feed.announced,
    feedTurn: feed.turn,
    feedTurnTold: (turn: FeedTurn): Promise<void> => (turn.to === 'stale' ? feed.staleTold(turn) : feed.announced()),

    /** A page of all enrolments, in no particular order; reads the whole table over all pages. Throws on a foreign cursor. */
    async list(cursor: string | null = null, limit = 100): Promise<EnrolmentPage> {
      const found: GateItem[] = [];
      let start = cursor === null ? undefined : decodeCursor(cursor);
      do {
        const scan = new ScanCommand({
          TableName: table,
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
        cursor: next ? encodeCursor(next) : null,
      };
    },
  };
}

/** Everything that changes when one form of an enrolment takes the place of another, with its line in the journal. */
export function replacement(
  { enrolments, journal }: Pick<EnrolmentTables, 'enrolments' | 'journal'>,
  before: GateItem | null,
  { next, at }: { next: GateItem; at: number },
): Writes {
  const former = before?.enrolment ?? null;
  const line = enrolmentLine(next.enrolment, { before: former, at, absent: next.absent });
  return [
    gateWrite(enrolments, before, next),
    ...copies(enrolments, former, next.enrolment),
    { Put: { TableName: journal, Item: sourceLineItem('*', line) } },
  ];
}

/** The gate's own write: refused when another form was stored since `before` was read. */
function gateWrite(table: string, before: GateItem | null, next: GateItem): Writes[number] {
  const Item = { ...gateKey(next.enrolment.id), ...next };
  if (!before) return { Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' } };
  return {
    Put: {
      TableName: table,
      Item,
      ConditionExpression: 'enrolment.version = :version AND absent = :absent',
      ExpressionAttributeValues: { ':version': before.enrolment.version, ':absent': before.absent },
    },
  };
}

/** The portal user's copy and the pointers: new ones put, those that lead nowhere any more deleted. */
function copies(table: string, before: Enrolment | null, next: Enrolment): Writes {
  const wanted = [userKeyOf(next), ...pointerKeysOf(next)];
  const wantedTexts = new Set(wanted.map((key) => JSON.stringify(key)));
  const had = before ? [userKeyOf(before), ...pointerKeysOf(before)] : [];
  const stale = had.filter((key) => !wantedTexts.has(JSON.stringify(key)));
  const hadTexts = new Set(had.map((key) => JSON.stringify(key)));
  const fresh = pointerKeysOf(next).filter((key) => !hadTexts.has(JSON.stringify(key)));
  return [
    { Put: { TableName: table, Item: { ...userKeyOf(next), ...next } } },
    ...fresh.map((key) => ({ Put: { TableName: table, Item: { ...key, email: next.user.email.toLowerCase() } } })),
    ...stale.map((Key) => ({ Delete: { TableName: table, Key } })),
  ];
}
