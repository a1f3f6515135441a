/**
 * Signing in to the console: the code flow with PKCE against the user pool, handled by the server. The page gets a short-lived ID
 * token for the API and keeps it in memory; the long-lived refresh token is in a cookie that no script can read
 * (docs/decisions/0020-sign-in.md).
 *
 *   GET  /sign-in/start?to=ADDRESS   to the user pool's sign-in page
 *   GET  /sign-in/done               back from there: starts the session, then redirects to ADDRESS
 *   POST /sign-in/token              a token for this session, 401 without a session; with a Bearer token: starts a session with it
 *   POST /sign-in/out                ends the session; returns the address that ends the user pool's own session too
 */
import { type Context, Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { Authority } from './authority.ts';
import { expiryOf, nameOf } from './claims.ts';
import { type Cookies, cookies, sessionSeconds } from './session.ts';

export type SignInDependencies = {
  authority: Authority;
  /** Of the console, for example `https://abc.execute-api.eu-central-1.amazonaws.com`. */
  origin: string;
  /** Epoch ms. */
  now: () => number;
  logError: (message: string, error: unknown) => void;
};

type SignIn = SignInDependencies & { kept: Cookies };

export function signInApp(dependencies: SignInDependencies): Hono {
  const signIn: SignIn = { ...dependencies, kept: cookies(dependencies.origin) };
  const app = new Hono();
  app.use(headers, async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  app.onError((error, c) => {
    dependencies.logError('sign-in failed', error);
    return c.json({ title: 'Signing in does not work at the moment. Try again in a minute.' }, 502);
  });
  app.get('/sign-in/start', (c) => start(signIn, c));
  app.get('/sign-in/done', (c) => done(signIn, c));
  app.post('/sign-in/token', ownPageOnly, (c) => token(signIn, c));
  app.post('/sign-in/out', ownPageOnly, (c) => out(signIn, c));
  return app;
}

async function start({ authority, kept, origin }: SignIn, c: Context): Promise<Response> {
  const { address, pending } = await authority.begin();
  kept.begun.write(c, { ...pending, to: ownAddress(c.req.query('to'), origin) });
  return c.redirect(address);
}

async function done({ authority, kept, logError }: SignIn, c: Context): Promise<Response> {
  const begun = kept.begun.read(c);
  kept.begun.forget(c);
  if (begun === null) return c.redirect('/#sign-in=late');
  try {
    const answer = new URL(c.req.url);
    const { refreshToken, idToken } = await authority.finish(answer, begun);
    kept.session.write(c, refreshToken === null ? { kind: 'token', value: idToken } : { kind: 'refresh', value: refreshToken });
  } catch (error) {
    logError('the answer of the user pool was not taken', error);
    return c.redirect(`${begun.to}#sign-in=refused`);
  }
  return c.redirect(begun.to);
}

/** With a Bearer token: starts a session with that token. Without one: returns a token for the current session. */
async function token(signIn: SignIn, c: Context): Promise<Response> {
  const bearer = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  if (bearer === undefined) return tokenOfSession(signIn, c);
  const seconds = Math.min(sessionSeconds, Math.floor((expiryOf(bearer) - signIn.now()) / 1000));
  if (seconds <= 0) return c.json({ title: 'This token has ended, or is none.' }, 401);
  signIn.kept.session.write(c, { kind: 'token', value: bearer }, seconds);
  return c.json(answerOf(bearer));
}

async function tokenOfSession({ authority, kept }: SignIn, c: Context): Promise<Response> {
  const session = kept.session.read(c);
  if (session === null) return c.json({ title: 'Nobody is signed in.' }, 401);
  if (session.kind === 'token') return c.json(answerOf(session.value));
  const renewed = await authority.renew(session.value);
  if (renewed === null) {
    kept.session.forget(c);
    return c.json({ title: 'The session has ended. Sign in again.' }, 401);
  }
  if (renewed.refreshToken !== null) kept.session.write(c, { kind: 'refresh', value: renewed.refreshToken });
  return c.json(answerOf(renewed.idToken));
}

async function out({ authority, kept, origin, logError }: SignIn, c: Context): Promise<Response> {
  const session = kept.session.read(c);
  kept.session.forget(c);
  // The cookie is deleted in any case; if the pool cannot be reached, its session expires later.
  if (session?.kind === 'refresh') await authority.revoke(session.value).catch((error) => logError('not revoked', error));
  return c.json({ to: authority.leave(`${origin}/`) });
}

const headers = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  strictTransportSecurity: 'max-age=63072000; includeSubDomains',
  xFrameOptions: 'DENY',
});

/** A page of another site cannot send this header: CORS allows it nowhere. */
const ownPageOnly = createMiddleware(async (c, next) => {
  if (c.req.header('x-extender-page') !== 'console') return c.json({ title: 'This is for the console’s own page.' }, 403);
  return next();
});

const answerOf = (token: string) => ({ token, expiresAt: new Date(expiryOf(token)).toISOString(), name: nameOf(token) });

/** An address of this site, or else its first page: after signing in, a link must not lead to another site. */
function ownAddress(wanted: string | undefined, origin: string): string {
  if (wanted === undefined || !URL.canParse(wanted, origin)) return '/';
  const { origin: leadsTo, pathname, search } = new URL(wanted, origin);
  // A path that begins with two slashes names another host.
  return leadsTo === origin && !pathname.startsWith('//') && !pathname.startsWith('/sign-in') ? pathname + search : '/';
}
