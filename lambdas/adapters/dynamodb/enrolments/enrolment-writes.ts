/**
 * How an enrolment is stored: at `id|…` (the gate: its version, and its earlier forms until they are announced), at `user|…`
 * (one Query reads a portal user), and as pointers from everything it can be found by.
 */
import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { pointerKeysOf } from '#adapters/dynamodb/enrolments/enrolment-pointers';
import { sourceLineItem } from '#adapters/dynamodb/journal/timeline';
import { enrolmentSk, enrolmentUserPk, idPointerPk } from '#adapters/dynamodb/keys';
import { type Enrolment, enrolment as enrolmentSchema } from '#domain/enrolment/enrolment';
import { enrolmentLine } from '#domain/quarantine/source-lines';

export const gateItem = z.object({
  enrolment: enrolmentSchema,
  /** Earlier forms whose users, who may lose their match, have not been sent to evaluation yet. */
  formers: z.array(enrolmentSchema).default([]),
  /** A snapshot did not contain it: this version or a later one is stored as a change again. */
  absent: z.boolean().default(false),
});
export type GateItem = z.infer<typeof gateItem>;
type Writes = NonNullable<TransactWriteCommandInput['TransactItems']>;

export const gateKey = (id: string) => ({ pk: idPointerPk(id), sk: 'current' });
const userKeyOf = ({ id, user }: Enrolment) => ({ pk: enrolmentUserPk(user.email), sk: enrolmentSk(id) });

/** All writes that replace one form of an enrolment with another, including its line in the journal. */
export function replacement(
  { enrolments, journal }: { enrolments: string; journal: string },
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

/** The write of the gate: refused when another form was stored since `before` was read. */
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

/** The portal user's copy and the pointers: new ones are put, outdated ones deleted. */
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
