/** Describes a network error: the code is what an operator looks for (ECONNREFUSED, ENOTFOUND); no URL, no header. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const own = [code, error.message].filter((part) => part !== null && part !== '').join(': ') || error.name;
  return inner instanceof Error ? `${own} (${describeError(inner)})` : own;
}
