/**
 * Signing in against the local stack's own user pool, over real sockets: the code flow with PKCE, cookies, renewal, signing out.
 */
import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { authority } from '#functions/sign-in/authority';
import { signInApp } from '#functions/sign-in/sign-in';
import { type Issuer, localIssuer } from '#infra/emulator/http-api/issuer';
import { userPool } from '#infra/emulator/http-api/user-pool';
import type { Authorizer } from '#infra/emulator/model';
import { aDirectory } from '#test/emulator/lambda/functions';

const authorizer: Authorizer = {
  id: 'auth',
  issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x',
  audience: ['console-client'],
};
const page = { 'x-extender-page': 'console' };
const pools: ServerType[] = [];
let dir: Awaited<ReturnType<typeof aDirectory>>;
let issuer: Issuer;
let startUpToken: string;
let web: string;
let logged: string[] = [];
let clock = 0;
let browser: Browser;

beforeAll(async () => {
  dir = await aDirectory();
  issuer = await localIssuer(dir.dir);
  startUpToken = await issuer.mint(authorizer, { subject: 'jane' });
  // The address is known once the server listens, but the user pool and the console's side need it before.
  let app: { fetch(request: Request): Response | Promise<Response> };
  const server = createAdaptorServer({ fetch: (request: Request) => app.fetch(request) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pools.push(server);
  web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pool = userPool({ issuer, authorizer, web, now: () => clock || Date.now() });
  const own = signInApp({
    authority: authority({
      issuer: authorizer.issuer,
      url: web,
      clientId: 'console-client',
      redirectUri: `${web}/sign-in/done`,
    }),
    origin: web,
    now: Date.now,
    logError: (message, error) => void logged.push(`${message}: ${error}`),
  });
  app = pool.route('/', own);
});
afterAll(async () => {
  for (const server of pools) server.close();
  await dir.remove();
});
beforeEach(() => {
  logged = [];
  clock = 0;
  browser = newBrowser();
});

type Browser = ReturnType<typeof newBrowser>;
/** As a browser does with cookies: keeps what it receives, and sends it to addresses that begin with the cookie's path. */
function newBrowser() {
  const jar = new Map<string, { value: string; path: string }>();
  return {
    jar,
    async ask(address: string, init: RequestInit = {}): Promise<Response> {
      const { pathname } = new URL(address, web);
      const cookie = [...jar].filter(([, { path }]) => pathname.startsWith(path)).map(([name, { value }]) => `${name}=${value}`);
      const headers = {
        ...(init.headers as Record<string, string>),
        ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}),
      };
      const response = await fetch(new URL(address, web), { ...init, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        const path = /Path=([^;]+)/.exec(line)?.[1] ?? '/';
        if (/Max-Age=0\b/.test(line)) jar.delete(name);
        else jar.set(name, { value, path });
      }
      return response;
    },
  };
}

const location = (response: Response) => response.headers.get('location') ?? '';
const token = () => browser.ask('/sign-in/token', { method: 'POST', headers: page });

/** To the sign-in page and back, with the start-up token typed there. Returns the answer of /sign-in/done. */
async function signIn(to = '/device?source=cloud&user=Jane%2FAcme&id=A', typed = startUpToken): Promise<Response> {
  const begun = await browser.ask(`/sign-in/start?${new URLSearchParams({ to })}`);
  const asked = await browser.ask(location(begun));
  expect(await asked.text()).toContain('Access link');
  const given = await browser.ask(location(begun), { method: 'POST', body: new URLSearchParams({ token: typed }) });
  return browser.ask(location(given));
}

test('the start-up token signs in, and leads to the requested page', async () => {
  const done = await signIn();
  expect([done.status, location(done)]).toEqual([302, '/device?source=cloud&user=Jane%2FAcme&id=A']);
  const answer = await (await token()).json();
  expect(answer).toMatchObject({ name: 'jane', expiresAt: expect.any(String) });
  expect(await issuer.verify(authorizer, answer.token)).toMatchObject({ claims: { sub: 'jane', token_use: 'id' } });
});

test('the whole access link may be typed as well', async () => {
  expect((await signIn('/', `http://127.0.0.1:4600/#token=${startUpToken}`)).status).toBe(302);
  expect((await token()).status).toBe(200);
});

test('no script or other site gets the session: cookies are HttpOnly and SameSite', async () => {
  const begun = await browser.ask('/sign-in/start');
  const [whileUnderWay] = begun.headers.getSetCookie();
  expect(whileUnderWay).toMatch(/HttpOnly/);
  expect(whileUnderWay).toMatch(/SameSite=Lax/);
  const done = await signIn();
  const session = done.headers.getSetCookie().find((line) => line.startsWith('extender-session'));
  expect(session).toMatch(/HttpOnly/);
  expect(session).toMatch(/SameSite=Strict/);
  expect(session).toMatch(/Path=\/sign-in/);
});

test('over https the cookies are for https only', async () => {
  const app = signInApp({
    authority: authority({
      issuer: authorizer.issuer,
      url: 'https://pool.example',
      clientId: 'c',
      redirectUri: 'https://x.example/sign-in/done',
    }),
    origin: 'https://x.example',
    now: Date.now,
    logError: () => undefined,
  });
  const response = await app.request('/sign-in/start');
  expect(response.headers.getSetCookie()[0]).toMatch(/^__Secure-extender-sign-in=.*; Secure/);
  expect(location(response)).toMatch(/^https:\/\/pool\.example\/oauth2\/authorize\?.*code_challenge_method=S256/);
});

test('the ID token lasts an hour; the API rejects the refresh token', async () => {
  await signIn();
  const { token: first } = await (await token()).json();
  const { exp = 0, iat = 0 } = decodeJwt(first);
  expect(exp - iat).toBe(3600);
  const session = [...browser.jar].find(([name]) => name.startsWith('extender-session'))?.[1].value ?? '';
  const [, refresh] = JSON.parse(Buffer.from(session, 'base64url').toString());
  expect(await issuer.verify(authorizer, refresh)).toEqual({ refused: expect.stringContaining('audience') });
});

test('an answer that was not requested here is rejected', async () => {
  const begun = await browser.ask('/sign-in/start');
  const given = await browser.ask(location(begun), { method: 'POST', body: new URLSearchParams({ token: startUpToken }) });
  const forged = new URL(location(given));
  forged.searchParams.set('state', 'another');
  expect(location(await browser.ask(forged.href))).toBe('/#sign-in=refused');
  expect((await token()).status).toBe(401);
  browser = newBrowser();
  expect(location(await browser.ask(location(given)))).toBe('/#sign-in=late');
});

test('a code requested by another browser is useless: the verifier is missing', async () => {
  const theirs = await browser.ask('/sign-in/start');
  const given = await browser.ask(location(theirs), { method: 'POST', body: new URLSearchParams({ token: startUpToken }) });
  const code = new URL(location(given)).searchParams.get('code') ?? '';
  browser = newBrowser();
  const own = await browser.ask('/sign-in/start');
  const state = new URL(location(own)).searchParams.get('state') ?? '';
  expect(location(await browser.ask(`/sign-in/done?${new URLSearchParams({ code, state })}`))).toBe('/#sign-in=refused');
  expect((await token()).status).toBe(401);
});

test('a code is used once, and not after five minutes', async () => {
  const begun = await browser.ask('/sign-in/start');
  const form = { method: 'POST', body: new URLSearchParams({ token: startUpToken }) };
  const kept = [...browser.jar];
  const given = await browser.ask(location(begun), form);
  clock = Date.now() + 6 * 60_000;
  expect(location(await browser.ask(location(given)))).toBe('/#sign-in=refused');
  clock = 0;
  for (const [name, value] of kept) browser.jar.set(name, value);
  const again = await browser.ask(location(begun), form);
  expect(location(await browser.ask(location(again)))).toBe('/');
  for (const [name, value] of kept) browser.jar.set(name, value);
  expect(location(await browser.ask(location(again)))).toBe('/#sign-in=refused');
});

test.each([
  ['https://elsewhere.example/'],
  ['//elsewhere.example/'],
  ['/\\elsewhere.example'],
  ['javascript:alert(1)'],
  ['/sign-in/start'],
  ['/.//elsewhere.example'],
])('signing in never leads away from the console: %s', async (to) => {
  expect(location(await signIn(to))).toBe('/');
});

test('a wrong token is reported, and does not sign in', async () => {
  const begun = await browser.ask('/sign-in/start');
  const refused = await browser.ask(location(begun), { method: 'POST', body: new URLSearchParams({ token: 'x.y.z' }) });
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain('That did not work');
});

test('a sign-in with a foreign redirect or without its proof is not started', async () => {
  const begun = new URL(location(await browser.ask('/sign-in/start')));
  for (const [name, value] of [
    ['redirect_uri', 'https://elsewhere.example/sign-in/done'],
    ['client_id', 'another'],
    ['code_challenge_method', 'plain'],
    ['code_challenge', ''],
  ] as const) {
    const wrong = new URL(begun);
    wrong.searchParams.set(name, value);
    expect((await browser.ask(wrong.href)).status).toBe(400);
    const posted = await browser.ask(wrong.href, { method: 'POST', body: new URLSearchParams({ token: startUpToken }) });
    expect(posted.status).toBe(400);
  }
});

test('only the console’s own page gets a token: another site cannot send its header', async () => {
  await signIn();
  expect((await browser.ask('/sign-in/token', { method: 'POST' })).status).toBe(403);
  expect((await browser.ask('/sign-in/out', { method: 'POST' })).status).toBe(403);
  const preflight = await browser.ask('/sign-in/token', { method: 'OPTIONS', headers: { origin: 'https://elsewhere.example' } });
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
});

test("the access link's token becomes a session that new tabs share", async () => {
  const headers = { ...page, authorization: `Bearer ${startUpToken}` };
  expect((await browser.ask('/sign-in/token', { method: 'POST', headers })).status).toBe(200);
  expect(await (await token()).json()).toMatchObject({ token: startUpToken, name: 'jane' });
});

test('an expired or invalid token becomes no session', async () => {
  for (const given of [await issuer.mint(authorizer, { lifetimeSeconds: -5 }), 'nonsense']) {
    const headers = { ...page, authorization: `Bearer ${given}` };
    expect((await browser.ask('/sign-in/token', { method: 'POST', headers })).status).toBe(401);
  }
  expect((await token()).status).toBe(401);
});

test('signing out removes the cookie and ends the session, even if kept', async () => {
  await signIn();
  const kept = [...browser.jar];
  const out = await browser.ask('/sign-in/out', { method: 'POST', headers: page });
  expect(await out.json()).toEqual({ to: expect.stringContaining('/logout?client_id=console-client') });
  expect((await token()).status).toBe(401);
  for (const [name, value] of kept) browser.jar.set(name, value);
  expect((await token()).status).toBe(401);
});

test('a forged cookie is no session', async () => {
  for (const value of [
    'x',
    Buffer.from('["refresh",""]').toString('base64url'),
    Buffer.from('["refresh","y"]').toString('base64url'),
  ]) {
    browser.jar.set(`extender-session-${new URL(web).port}`, { value, path: '/sign-in' });
    expect((await token()).status).toBe(401);
  }
});

test('no token is logged', async () => {
  const begun = await browser.ask('/sign-in/start');
  const given = await browser.ask(location(begun), { method: 'POST', body: new URLSearchParams({ token: startUpToken }) });
  const forged = new URL(location(given));
  forged.searchParams.set('state', 'another');
  await browser.ask(forged.href);
  expect(logged).toHaveLength(1);
  expect(logged.join()).not.toContain(forged.searchParams.get('code'));
});
