/** Conditional writes: a failed condition is a result, not an error. */

/** The output of a write; null when its condition fails and nothing is written. Throws any other error. */
export async function nullIfRefused<Output>(write: Promise<Output>): Promise<Output | null> {
  try {
    return await write;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** Whether DynamoDB refused a write because its condition failed. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ConditionalCheckFailedException';
