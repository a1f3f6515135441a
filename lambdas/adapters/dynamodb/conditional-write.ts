/** Writes whose condition is part of the plan: a refused one is an answer, not an error. */

/** The answer of a write; null when its condition does not hold and nothing is written. Throws any other error. */
export async function nullIfRefused<Output>(write: Promise<Output>): Promise<Output | null> {
  try {
    return await write;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}

/** Whether DynamoDB refused a write because its condition does not hold. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ConditionalCheckFailedException';
