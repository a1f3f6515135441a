/**
 * Moves new lines of the journal from the table's stream to the chain of their source and, as events, to the portal's bus.
 *
 * Invariants: a line is chained before its event is sent; a record is done only when both are; a record that is not done is
 * reported with its sequence number, and the stream redelivers it with all that follow it. A line is chained once (the chain
 * deduplicates), its event may be sent again, under the same id. A record that can never be read does not block those behind it:
 * it goes to a separate queue.
 */
import pMap from 'p-map';
import type { ChainStore } from '#adapters/dynamodb/journal/hash-chain';
import { isNewLine, lineOfRecord, type StreamRecord } from '#adapters/dynamodb/journal/journal-stream';
import type { Bus, BusEvent } from '#adapters/event-bus';
import type { JournalLine } from '#domain/journal/hash-chain';
import { eventsOf } from '#domain/outbound/events-out';

export type PublishDependencies = {
  chain: Pick<ChainStore, 'append'>;
  bus: Bus;
  /** Stores unreadable records, with the reason, for a person to examine. */
  setAside(unreadable: readonly Unreadable[]): Promise<void>;
  log(level: 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
};
export type Unreadable = { record: StreamRecord; reason: string };
/** Sequence numbers of the records to be redelivered. */
export type Published = { failed: string[] };

type NewLine = { record: StreamRecord; line: JournalLine; events: BusEvent[] };

const sourcesAtOnce = 4;

export function publish({ chain, bus, setAside, log }: PublishDependencies) {
  /** Returns the sources whose lines could not be chained. */
  async function chainAll(lines: readonly NewLine[]): Promise<Set<string>> {
    const failed = new Set<string>();
    const bySource = [...Map.groupBy(lines, ({ line }) => line.sourceId)];
    await pMap(
      bySource,
      async ([sourceId, own]) => {
        try {
          await chain.append(
            sourceId,
            own.map(({ line }) => line),
          );
        } catch (error) {
          failed.add(sourceId);
          log('error', 'Journal lines could not be chained; they come again', { sourceId, lines: own.length, error });
        }
      },
      { concurrency: sourcesAtOnce },
    );
    return failed;
  }

  return async (records: readonly StreamRecord[]): Promise<Published> => {
    const { lines, unreadable } = read(records.filter(isNewLine));
    if (unreadable.length > 0) {
      log('error', 'Journal records cannot be read and are set aside', { reasons: unreadable.map(({ reason }) => reason) });
      await setAside(unreadable);
    }
    const unchained = await chainAll(lines);
    const chained = lines.filter(({ line }) => !unchained.has(line.sourceId));
    const refused = await bus.put(chained.flatMap(({ events }) => events));
    if (refused.size > 0)
      log('warn', 'Events were not taken by the bus; they come again', {
        count: refused.size,
        reasons: [...new Set(refused.values())],
      });
    const failed = lines.filter(({ line, events }) => unchained.has(line.sourceId) || events.some(({ id }) => refused.has(id)));
    return { failed: failed.map(({ record }) => record.dynamodb?.SequenceNumber ?? '') };
  };
}

function read(records: readonly StreamRecord[]): { lines: NewLine[]; unreadable: Unreadable[] } {
  const lines: NewLine[] = [];
  const unreadable: Unreadable[] = [];
  for (const record of records) {
    try {
      const line = lineOfRecord(record);
      lines.push({ record, line, events: eventsOf(line).map((event) => ({ ...event, order: orderOf(line) })) });
    } catch (error) {
      unreadable.push({ record, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { lines, unreadable };
}

/** Events of one device are in order, and so are those of a source as a whole. */
const orderOf = ({ sourceId, user, deviceId }: JournalLine): string => JSON.stringify([sourceId, user, deviceId]);
