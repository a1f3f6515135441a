/** Records of a stream: which of them a mapping passes to its function, in which form, and which ones failed. */
import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import type { StreamMapping } from '#infra/emulator/model';
import { matches } from '#infra/emulator/services/event-pattern';
import { reportedFailures } from './item-failures.ts';
import type { StreamRecord } from './stream-batch.ts';

export type Entry = StreamRecord & { record: _Record };

/** `now`: epoch ms, for a record without a time. */
export function entryOf(record: _Record, now: number): Entry {
  const { SequenceNumber = '', ApproximateCreationDateTime } = record.dynamodb ?? {};
  return { sequenceNumber: SequenceNumber, createdAt: ApproximateCreationDateTime?.getTime() ?? now, record };
}

/** Whether one of the mapping's filters matches; without filters every record does. */
export function fits({ record }: Entry, { filters }: Pick<StreamMapping, 'filters'>): boolean {
  return filters.length === 0 || filters.some((pattern) => matches(pattern, record));
}

/** Null if none failed. A batch is done up to the first record that the result names; 0 if the result is malformed. */
export function indexOfFirstFailed(answer: unknown, batch: readonly Entry[]): number | null {
  const ids = batch.map(({ sequenceNumber }) => sequenceNumber);
  const failed = reportedFailures(answer, ids);
  if (failed === null) return 0;
  return failed.length === 0 ? null : Math.min(...failed.map((id) => ids.indexOf(id)));
}

/** The record as a function gets it: times in epoch seconds, the stream by the template's ARN. */
export function forFunction({ record: { dynamodb, ...record } }: Entry, { streamArn }: Pick<StreamMapping, 'streamArn'>) {
  const created = dynamodb?.ApproximateCreationDateTime;
  return {
    ...record,
    eventSourceARN: streamArn,
    dynamodb: { ...dynamodb, ...(created ? { ApproximateCreationDateTime: Math.floor(created.getTime() / 1000) } : {}) },
  };
}
