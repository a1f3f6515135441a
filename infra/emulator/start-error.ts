/** The stack does not start, for a reason that the person who starts it can remove: the message is for them, without a stack trace. */
export class StartError extends Error {
  override name = 'StartError';
}

/** The code that Node gives an error of the operating system, such as ENOENT; undefined where there is none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
