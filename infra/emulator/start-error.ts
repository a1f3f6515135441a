/** The stack cannot start, for a reason that the person who starts it can fix: the message is for them, without a stack trace. */
export class StartError extends Error {
  override name = 'StartError';
}

/** Node's code of an operating system error, such as ENOENT; undefined if there is none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
