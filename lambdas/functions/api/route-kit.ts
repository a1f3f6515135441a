/** Used by all routes: the caller, reading a body, and describing responses and errors in the OpenAPI document. */
import type { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z as zod } from 'zod';
import { malformed, Problem, problemSchema } from './problem.ts';

/** What the Lambda adapter passes in addition to the request. `http.path`: the path from the gateway, unchanged. */
export const gatewayContext = zod.object({
  http: zod.object({ path: zod.string() }),
  authorizer: zod.object({ jwt: zod.object({ claims: zod.record(zod.string(), zod.unknown()) }) }),
});

type GatewayContext = zod.infer<typeof gatewayContext>;

export type ApiEnvironment = {
  Bindings: { requestContext?: unknown };
  Variables: { gateway: GatewayContext; caller: string };
};

export type ApiApp = OpenAPIHono<ApiEnvironment>;

export type ApiContext = Context<ApiEnvironment>;

/** The rest of the gateway's path after `prefix`; slashes and escapes are unchanged. */
export function pathAfter(c: ApiContext, prefix: string): string {
  return c.get('gateway').http.path.slice(prefix.length);
}

/** The body as JSON, parsed. Throws a Problem that names each wrong field. */
export async function readBody<S extends z.ZodType>(c: ApiContext, schema: S): Promise<z.output<S>> {
  const parsed = schema.safeParse(await readJson(c));
  if (!parsed.success) throw malformed(parsed.error);
  return parsed.data;
}

export async function readJson(c: ApiContext): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text());
  } catch {
    throw new Problem(400, 'The body is no JSON; nothing was done.', { errors: [{ path: '', message: 'is no JSON' }] });
  }
}

const problemContent = { 'application/problem+json': { schema: problemSchema } };

/** Descriptions of the errors that a route may return, for its OpenAPI entry. */
export function problems(described: Record<number, string>) {
  const all: Record<number, string> = { 401: 'No verified token.', ...described };
  return Object.fromEntries(
    Object.entries(all).map(([status, description]) => [status, { description, content: problemContent }]),
  );
}

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
