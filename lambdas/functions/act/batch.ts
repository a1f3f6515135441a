/**
 * A batch of the action queue: devices concurrently, the actions of one device in order. When one fails, the later ones of the
 * same device fail with it, so that the queue redelivers them in order.
 */
import type { SQSBatchItemFailure, SQSBatchResponse, SQSRecord } from 'aws-lambda';

type GroupOptions = { onFailure: (record: SQSRecord, error: unknown) => void };
type PerRecord = (record: SQSRecord) => Promise<void>;

export async function inGroups(
  records: readonly SQSRecord[],
  each: PerRecord,
  { onFailure }: GroupOptions,
): Promise<SQSBatchResponse> {
  const groups = [...Map.groupBy(records, (record) => record.attributes.MessageGroupId ?? record.messageId).values()];
  const failures = await Promise.all(
    groups.map(async (group) => {
      for (const [index, record] of group.entries()) {
        try {
          await each(record);
        } catch (error) {
          onFailure(record, error);
          return group.slice(index).map(failed);
        }
      }
      return [];
    }),
  );
  return { batchItemFailures: failures.flat() };
}

const failed = ({ messageId }: SQSRecord): SQSBatchItemFailure => ({ itemIdentifier: messageId });
