/**
 * Logs an unexpected error. Its message may quote anything (a name, a line of a file), so it is written at `debug` only; the class,
 * code and stack frames of the error and its causes show where to look.
 */
import type { Log } from './log.ts';

type ErrorFields = { error: string; code?: string | number; at?: string[]; cause?: ErrorFields };
/** Enough to find the place; the frames below are Node's. */
const mostFrames = 6;
const deepestCause = 4;

/** `error`, plus further fields of the line, which must not contain names of users or devices. */
export function logFailure(log: Log, message: string, { error, ...fields }: { error: unknown } & Record<string, unknown>): void {
  log.error(message, { ...fields, ...errorFields(error) });
  log.debug(`${message}: the error in full`, { ...fields, error: error instanceof Error ? error.stack : String(error) });
}

/** Contains no message. */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = codeOf(error);
  const at = framesOf(error);
  return {
    error: error.name,
    ...(code === null ? {} : { code }),
    ...(at.length === 0 ? {} : { at }),
    ...(error.cause === undefined || depth >= deepestCause ? {} : { cause: errorFields(error.cause, depth + 1) }),
  };
}

function codeOf(error: Error): string | number | null {
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode;
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** A message may have several lines: only lines that look like a stack frame count. */
const framesOf = ({ stack = '', message }: Error): string[] =>
  stack
    .replace(message, '')
    .split('\n')
    .filter((line) => /^ {4}at \S.*:\d+:\d+\)?$/.test(line))
    .slice(0, mostFrames)
    .map((line) => line.trim());
