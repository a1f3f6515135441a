/** Whether a handshake may continue: the REQUEST authoriser's response, and the policy in it. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { IdentitySource, SocketApi } from '#infra/emulator/model';
import { judge } from '../services/authorise.ts';
import { authorizerEvent, type Client, connectArn } from './events.ts';
import type { Refused } from './refused.ts';

const list = z.union([z.array(z.string()), z.string().transform((one) => [one])]);
const statement = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: list,
  Resource: list,
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});
/** Strings, numbers and booleans: a list or an object in the context makes the whole response invalid, as on AWS. */
const answer = z.object({
  principalId: z.string().default(''),
  policyDocument: z.object({ Statement: z.array(statement) }),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
/** API Gateway's limit for such a response. */
const longestAnswer = 8 * 1024;

export type Authorised = { authorizer: Record<string, string> | null };

const unauthorized: Refused = { refused: 401, message: 'Unauthorized' };
const failed: Refused = { refused: 500, message: 'Internal server error' };

export async function authorise(
  api: SocketApi,
  client: Client,
  { request, ask }: { request: IncomingMessage; ask: (functionArn: string, event: unknown) => Promise<unknown> },
): Promise<Authorised | Refused> {
  const { authorizer } = api;
  if (!authorizer) return { authorizer: null };
  if (authorizer.identitySources.some((source) => !shown(source, request))) return unauthorized;
  const began = Date.now();
  let answered: unknown;
  try {
    answered = await ask(authorizer.functionArn, authorizerEvent(api, client, request));
  } catch (error) {
    // A function denies by throwing exactly this; any other error is a defect of the function.
    return error instanceof Error && /^[^:]*: Unauthorized$/.test(error.message) ? unauthorized : failed;
  }
  const parsed = answer.safeParse(answered);
  if (!parsed.success || JSON.stringify(answered).length > longestAnswer) return failed;
  const { policyDocument, principalId, context } = parsed.data;
  const statements = policyDocument.Statement.map(({ Effect, Action, Resource, Condition }) => ({
    effect: Effect,
    actions: Action,
    resources: Resource,
    conditions: Condition,
  }));
  const judgement = judge(statements, [{ action: 'execute-api:Invoke', resource: connectArn(api) }]);
  if (!judgement.allowed) return { refused: 403, message: 'User is not authorized to access this resource' };
  const texts = Object.entries(context).map(([key, value]) => [key, String(value)]);
  return { authorizer: { ...Object.fromEntries(texts), principalId, integrationLatency: String(Date.now() - began) } };
}

function shown({ in: place, name }: IdentitySource, { headers, url = '' }: IncomingMessage): boolean {
  if (place === 'header') return Boolean(headers[name.toLowerCase()]);
  return Boolean(new URL(url, 'http://localhost').searchParams.get(name));
}
