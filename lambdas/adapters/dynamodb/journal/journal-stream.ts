/** Records of the Journal table's stream as lines of the journal. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { sha256 } from '#adapters/dynamodb/journal/hash-chain';
import type { JournalLine } from '#domain/journal/hash-chain';
import { timelineEntry } from '#domain/journal/timeline';

export type StreamRecord = {
  eventName?: string | undefined;
  dynamodb?: { SequenceNumber?: string | undefined; NewImage?: Record<string, unknown> | undefined } | undefined;
};

const stored = z.object({
  ...timelineEntry.shape,
  pk: z.string().min(1),
  sk: z.string().min(1),
  sourceId: z.string().min(1),
  user: z.string().min(1).nullish(),
  deviceId: z.string().min(1).nullish(),
});

/** A line's id, the same wherever it is computed: the hash of its key. */
export const lineIdOf = ({ pk, sk }: { pk: string; sk: string }): string => sha256(`${pk}\u0000${sk}`);

/** Throws a ZodError when the item is not a line. */
export function lineOf(item: unknown): JournalLine {
  const { pk, sk, sourceId, user = null, deviceId = null, at, id, kind, says, data } = stored.parse(item);
  return { lineId: lineIdOf({ pk, sk }), sourceId, user, deviceId, at, id, kind, says, data };
}

/** Only a new item is a new line: the table's stream also contains the chain, and every later change to a line. */
export function isNewLine({ eventName, dynamodb }: StreamRecord): boolean {
  const pk = z.looseObject({ pk: z.object({ S: z.string() }) }).safeParse(dynamodb?.NewImage);
  return eventName === 'INSERT' && pk.success && /^(device|source)\|/.test(pk.data.pk.S);
}

/** The line in a record. Throws when it has no readable line. */
export const lineOfRecord = ({ dynamodb }: StreamRecord): JournalLine =>
  lineOf(unmarshall((dynamodb?.NewImage ?? {}) as Record<string, AttributeValue>));
