/**
 * The sign-in of the local stack, in place of the user pool's hosted pages: the same addresses and the code flow with PKCE,
 * on the console's own address. Anyone with the start-up token may sign in; there are no other accounts.
 *
 *   /oauth2/authorize   asks for the start-up token, then sends the browser back with a code
 *   /oauth2/token       exchanges a code, or a session's refresh token, for an ID token
 *   /oauth2/revoke      ends a session
 *   /logout             redirects to the console: no session is stored here
 *
 * Codes are single-use and valid for five minutes; revoked sessions are remembered until the stack stops.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Authorizer } from '#infra/emulator/model';
import type { Issuer } from './issuer.ts';
import { signInPage } from './sign-in-page.ts';

/** `web`: the console's address, the only one to which browsers are redirected. */
export type UserPoolOptions = { issuer: Issuer; authorizer: Authorizer; web: string; now?: () => number };

const codeLivesMs = 5 * 60_000;
const hour = 3600;
const signInRequest = z.object({
  response_type: z.literal('code'),
  client_id: z.string(),
  redirect_uri: z.url(),
  state: z.string(),
  nonce: z.string().optional(),
  code_challenge: z.string().min(43),
  code_challenge_method: z.literal('S256'),
});
type SignInRequest = z.output<typeof signInRequest>;
type Code = { request: SignInRequest; subject: string; until: number };
const grant = z.discriminatedUnion('grant_type', [
  z.object({
    grant_type: z.literal('authorization_code'),
    client_id: z.string(),
    code: z.string(),
    redirect_uri: z.string(),
    code_verifier: z.string(),
  }),
  z.object({ grant_type: z.literal('refresh_token'), client_id: z.string(), refresh_token: z.string() }),
]);

type State = {
  issuer: Issuer;
  authorizer: Authorizer;
  /** For refresh tokens, which the API does not accept. */
  renewing: Authorizer;
  clientId: string;
  web: string;
  now: () => number;
  codes: Map<string, Code>;
  revoked: Set<string>;
};

type GrantOf<K extends z.output<typeof grant>['grant_type']> = Extract<z.output<typeof grant>, { grant_type: K }>;

export function userPool({ issuer, authorizer, web, now = Date.now }: UserPoolOptions): Hono {
  const [clientId = ''] = authorizer.audience;
  const renewing = { ...authorizer, audience: [`refresh|${clientId}`] };
  const state: State = { issuer, authorizer, renewing, clientId, web, now, codes: new Map(), revoked: new Set() };
  const app = new Hono();
  app.get('/oauth2/authorize', (c) => {
    const request = requestOf(state, c.req.query());
    return typeof request === 'string' ? signInPage({ problem: request, canTry: false }, 400) : signInPage({ canTry: true });
  });
  app.post('/oauth2/authorize', (c) => signIn(state, c));
  app.post('/oauth2/token', async (c) => {
    const parsed = grant.safeParse(await c.req.parseBody());
    if (!parsed.success) return c.json({ error: 'invalid_request' }, 400);
    if (parsed.data.client_id !== clientId) return c.json({ error: 'invalid_client' }, 400);
    const { data } = parsed;
    const tokens = data.grant_type === 'refresh_token' ? await renewed(state, data) : await redeemed(state, data);
    return tokens === null ? c.json({ error: 'invalid_grant' }, 400) : c.json(tokens);
  });
  app.post('/oauth2/revoke', async (c) => {
    state.revoked.add(String((await c.req.parseBody()).token ?? ''));
    return c.body(null, 200);
  });
  app.get('/logout', (c) => c.redirect('/'));
  return app;
}

/** The sign-in request, or what is wrong with it: the browser is then not redirected to the address in the request. */
function requestOf({ clientId, web }: State, query: Record<string, string>): SignInRequest | string {
  const parsed = signInRequest.safeParse(query);
  if (!parsed.success)
    return `This sign-in cannot be begun: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}.`;
  if (parsed.data.client_id !== clientId) return 'This sign-in is for a client that is not known here.';
  if (parsed.data.redirect_uri !== `${web}/sign-in/done`) return 'This sign-in would lead away from this console.';
  return parsed.data;
}

async function signIn(state: State, c: Context): Promise<Response> {
  const { issuer, authorizer, codes, now } = state;
  const request = requestOf(state, c.req.query());
  if (typeof request === 'string') return signInPage({ problem: request, canTry: false }, 400);
  const given = tokenIn(String((await c.req.parseBody()).token ?? ''));
  const verified = await issuer.verify(authorizer, given);
  if ('refused' in verified)
    return signInPage(
      { problem: `That did not work: ${verified.refused}. Take the link of the latest start-up.`, canTry: true },
      403,
    );
  const code = randomUUID();
  codes.set(code, { request, subject: verified.claims.sub ?? 'local', until: now() + codeLivesMs });
  return c.redirect(`${request.redirect_uri}?${new URLSearchParams({ code, state: request.state })}`, 303);
}

/** Null for a refresh token that is invalid or revoked. */
async function renewed(state: State, { refresh_token: token }: GrantOf<'refresh_token'>) {
  const verified = await state.issuer.verify(state.renewing, token);
  if ('refused' in verified || verified.claims.token_use !== 'refresh' || state.revoked.has(token)) return null;
  return tokensFor(state, verified.claims.sub ?? '', {});
}

/** Null for a code that is unknown, used, expired, or from another request. */
async function redeemed(state: State, { code, redirect_uri, code_verifier }: GrantOf<'authorization_code'>) {
  const { issuer, renewing, codes, now } = state;
  const found = codes.get(code);
  codes.delete(code);
  if (found === undefined || found.until < now() || !fits(found.request, { redirect_uri, code_verifier })) return null;
  const { subject, request } = found;
  return {
    ...(await tokensFor(state, subject, request.nonce === undefined ? {} : { nonce: request.nonce })),
    refresh_token: await issuer.mint(renewing, { subject, lifetimeSeconds: 12 * hour, claims: { token_use: 'refresh' } }),
  };
}

const tokensFor = async ({ issuer, authorizer, renewing }: State, subject: string, claims: Record<string, string>) => ({
  id_token: await issuer.mint(authorizer, { subject, lifetimeSeconds: hour, claims }),
  access_token: await issuer.mint(renewing, { subject, lifetimeSeconds: 1, claims: { token_use: 'access' } }),
  token_type: 'Bearer',
  expires_in: hour,
});

/** Accepts the token itself, or the whole access link that ends in it. */
const tokenIn = (text: string): string => text.trim().replace(/^.*#token=/, '');

function fits(request: SignInRequest, given: { redirect_uri: string; code_verifier: string }): boolean {
  const challenge = createHash('sha256').update(given.code_verifier).digest('base64url');
  return request.redirect_uri === given.redirect_uri && request.code_challenge === challenge;
}
