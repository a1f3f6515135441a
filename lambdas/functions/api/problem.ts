/** Errors as RFC 9457 problem documents: what is wrong with the request, field by field. */

import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import { CursorError } from '#adapters/dynamodb/cursor';
import { type FieldFault, fieldFaults } from '#domain/runtime/field-faults';

export type ProblemStatus = 400 | 401 | 404 | 405 | 409 | 413 | 415 | 422 | 500;

export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What happened and what to do.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })),
  })
  .openapi('Problem', {
    example: {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'The request was not understood; nothing was done.',
      errors: [{ path: 'settings.devicesPerUser', message: 'Invalid input: expected number, received string' }],
    },
  });

const titles: Record<ProblemStatus, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
};

/** Thrown anywhere in a route; becomes the response. `more`: further members of the problem document. */
export class Problem extends Error {
  readonly status: ProblemStatus;
  readonly errors: readonly FieldFault[];
  readonly more: Record<string, unknown>;
  constructor(status: ProblemStatus, detail: string, { errors = [], more = {} }: ProblemParts = {}) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.errors = errors;
    this.more = more;
  }
}
type ProblemParts = { errors?: readonly FieldFault[]; more?: Record<string, unknown> };

export function malformed(error: ZodError, prefix: readonly PropertyKey[] = []): Problem {
  return new Problem(400, 'The request was not understood; nothing was done.', { errors: fieldFaults(error, prefix) });
}

export function answerProblem(c: Context, { status, message, errors, more }: Problem): Response {
  const body = { type: 'about:blank', title: titles[status], status, detail: message, errors, ...more };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
}

/** The response for any error of a route. Details of an unexpected error go to the log, not to the caller. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof CursorError)
    return new Problem(400, error.message, { errors: [{ path: 'cursor', message: error.message }] });
  if (error instanceof HTTPException && error.status < 500)
    return new Problem(400, error.message || 'The request was not understood.');
  return new Problem(500, 'Something went wrong on our side; the log of the function "api" says what. Try again.');
}
