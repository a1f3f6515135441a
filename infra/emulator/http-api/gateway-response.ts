/** The response for what the function returned (payload format 2.0), and API Gateway's own responses. */
import { z } from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const functionResponse = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), scalar).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});
const bodiless = new Set([101, 204, 205, 304]);

/** API Gateway's own responses: `{"message": …}`. */
export function gatewayAnswer(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ message }, { status, headers });
}

/** A result without `statusCode` is the body of a 200, as API Gateway infers; one that it cannot read is a 500. */
export function responseOf(result: unknown): Response {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : JSON.stringify(result ?? null);
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  }
  const parsed = functionResponse.safeParse(result);
  if (!parsed.success) return gatewayAnswer(500, 'Internal Server Error');
  const { statusCode, headers: given, cookies, body, isBase64Encoded } = parsed.data;
  const headers = new Headers({ 'content-type': 'text/plain;charset=UTF-8' });
  for (const [name, value] of Object.entries(given ?? {})) headers.set(name, String(value));
  for (const cookie of cookies ?? []) headers.append('set-cookie', cookie);
  const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return new Response(bodiless.has(statusCode) ? null : bytes, { status: statusCode, headers });
}
