/** Which items of a batch a function reports as failed (`batchItemFailures`). */
import { z } from 'zod';

const partialResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().nullish() })).nullish() })
  .nullish();

/**
 * Ids of the failed items. As on AWS, null (the whole batch failed) for a result that is malformed or names an item that was
 * not in the batch.
 */
export function reportedFailures(answer: unknown, batchIds: readonly string[]): string[] | null {
  const parsed = partialResponse.safeParse(answer);
  if (!parsed.success) return null;
  const failed = (parsed.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier ?? '');
  return failed.every((id) => id !== '' && batchIds.includes(id)) ? failed : null;
}
