import { stat } from 'node:fs/promises';
import { request as rawRequest } from 'node:http';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHttpApi, startHttpApi } from '#infra/emulator/http-api/http-api';
import { type Issuer, localIssuer } from '#infra/emulator/http-api/issuer';
import type { Authorizer, HttpApi } from '#infra/emulator/model';
import { aDirectory } from '../lambda/functions.ts';

const authorizer: Authorizer = {
  id: 'auth',
  issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x',
  audience: ['console'],
};
const definition: HttpApi = {
  id: 'api',
  name: 'extender',
  routes: [
    { routeKey: 'ANY /api/{proxy+}', functionArn: 'api', authorizer },
    { routeKey: 'POST /relay/{proxy+}', functionArn: 'api', authorizer: null },
    { routeKey: 'GET /{proxy+}', functionArn: 'console', authorizer: null },
    { routeKey: 'GET /', functionArn: 'console', authorizer: null },
  ],
};

type Event = Record<string, unknown> & { rawPath: string; body?: string; isBase64Encoded: boolean };
let answerWith: (event: Event) => unknown;
let seen: { arn: string; event: Event }[] = [];
let api: RunningHttpApi;
let issuer: Issuer;
let token: string;
let dir: Awaited<ReturnType<typeof aDirectory>>;

beforeAll(async () => {
  dir = await aDirectory();
  issuer = await localIssuer(dir.dir);
  token = await issuer.mint(authorizer);
  api = await startHttpApi(definition, {
    port: 0,
    issuer,
    timeLimitMs: 300,
    invoke: async (arn, event) => {
      seen.push({ arn, event: event as Event });
      return answerWith(event as Event);
    },
  });
});
afterAll(async () => {
  await api.stop();
  await dir.remove();
});

async function ask(path: string, init: RequestInit & { token?: string | null; answer?: (event: Event) => unknown } = {}) {
  seen = [];
  answerWith = init.answer ?? (() => ({ statusCode: 200, body: 'ok' }));
  const bearer = init.token === undefined ? token : init.token;
  const headers = new Headers(init.headers);
  if (bearer !== null) headers.set('authorization', `Bearer ${bearer}`);
  const response = await fetch(`${api.url}${path}`, { ...init, headers });
  return { response, text: await response.text(), event: seen[0]?.event, arn: seen[0]?.arn };
}

describe('the event of a request', () => {
  test('is payload format 2.0', async () => {
    const { event, arn } = await ask('/api/devices?user=Jane%20Doe&user=x&q=', {
      headers: { 'X-Trace': 'a', cookie: 'a=1; b=2' },
    });
    expect(arn).toBe('api');
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /api/{proxy+}',
      rawPath: '/api/devices',
      rawQueryString: 'user=Jane%20Doe&user=x&q=',
      queryStringParameters: { user: 'Jane Doe,x', q: '' },
      pathParameters: { proxy: 'devices' },
      cookies: ['a=1', 'b=2'],
      headers: { 'x-trace': 'a', 'x-forwarded-for': '127.0.0.1' },
      isBase64Encoded: false,
      requestContext: {
        stage: '$default',
        http: { method: 'GET', path: '/api/devices', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
        authorizer: { jwt: { claims: { iss: authorizer.issuer, sub: 'local' }, scopes: null } },
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      },
    });
    expect(event?.headers).not.toHaveProperty('cookie');
    expect(event).not.toHaveProperty('body');
  });

  test('has its path decoded, so that an encoded slash is a slash', async () => {
    const { event } = await ask('/api/devices/cloud/J%C3%A4ne%20Doe%2FAcme/Appl%3F1');
    expect(event?.rawPath).toBe('/api/devices/cloud/Jäne Doe/Acme/Appl?1');
  });

  test('carries text as text, and anything else in base64', async () => {
    const json = await ask('/api/x', { method: 'POST', body: '{"a":"ü"}', headers: { 'content-type': 'application/json' } });
    expect(json.event).toMatchObject({ body: '{"a":"ü"}', isBase64Encoded: false });
    const csv = await ask('/api/x', { method: 'POST', body: 'id,user', headers: { 'content-type': 'text/csv; charset=utf-8' } });
    expect(csv.event).toMatchObject({ body: 'id,user', isBase64Encoded: false });
    const bytes = await ask('/api/x', {
      method: 'POST',
      body: new Uint8Array([0, 255]),
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(bytes.event).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });
});

describe('the answer to a client', () => {
  test('is what the function says: status, headers, cookies, binary body', async () => {
    const { response, text } = await ask('/logo.png', {
      answer: () => ({
        statusCode: 201,
        headers: { 'content-type': 'image/png', 'x-count': 3 },
        cookies: ['a=1; HttpOnly', 'b=2'],
        body: 'AQI=',
        isBase64Encoded: true,
      }),
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-count')).toBe('3');
    expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(Buffer.from(text)).toEqual(Buffer.from([1, 2]));
  });

  test('is a JSON 200 for a bare result, and an empty 204 where requested', async () => {
    const bare = await ask('/api/x', { answer: () => ({ devices: [] }) });
    expect([bare.response.status, bare.response.headers.get('content-type'), bare.text]).toEqual([
      200,
      'application/json',
      '{"devices":[]}',
    ]);
    expect((await ask('/api/x', { answer: () => ({ statusCode: 204 }) })).response.status).toBe(204);
  });

  test.each([
    [500, 'a function that fails', () => Promise.reject(new Error('secret detail'))],
    [500, 'a function that returns nonsense', () => ({ statusCode: 'many' })],
    [503, 'a function that takes too long', () => new Promise(() => undefined)],
  ])('is %i for %s, without its details', async (status, _name, answer) => {
    const { response, text } = await ask('/api/x', { answer });
    expect(response.status).toBe(status);
    expect(JSON.parse(text)).toEqual({ message: status === 503 ? 'Service Unavailable' : 'Internal Server Error' });
  });

  test('is 413 above 10 MB, and the function is not called', async () => {
    const { response, event } = await ask('/api/x', { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) });
    expect(response.status).toBe(413);
    expect(event).toBeUndefined();
  });

  test('is 404 where no route matches, and 400 for a malformed escape', async () => {
    expect((await ask('/other', { method: 'POST' })).response.status).toBe(404);
    const status = await new Promise((resolve) => {
      rawRequest(`${api.url}/a`, { path: '/api/%ZZ' }, (response) => resolve(response.statusCode)).end();
    });
    expect(status).toBe(400);
  });
});

describe('access', () => {
  const other = (change: Partial<Authorizer>) => issuer.mint({ ...authorizer, ...change });
  test.each<[string, () => Promise<string | null>, string]>([
    ['nobody', async () => null, 'Bearer'],
    ['a bearer of nonsense', async () => 'nonsense', 'the token is malformed'],
    ['a token for another audience', () => other({ audience: ['other'] }), 'the token does not have a valid audience'],
    ['a token of another issuer', () => other({ issuer: 'https://else.example' }), 'the token does not have a valid issuer'],
    ['an expired token', () => issuer.mint(authorizer, { lifetimeSeconds: -60 }), 'the token has expired'],
    ['a token without signature', async () => unsigned(token), 'the token is malformed'],
    ['a token with other claims than were signed', async () => tampered(token), 'the token has an invalid signature'],
    ['a token signed with another key', async () => strangersToken(), 'the token has an invalid signature'],
  ])('is denied to %s', async (_name, made, reason) => {
    const { response, text, event } = await ask('/api/status', { token: await made() });
    expect(response.status).toBe(401);
    expect(text).toBe('{"message":"Unauthorized"}');
    expect(response.headers.get('www-authenticate')).toContain(reason);
    expect(event).toBeUndefined();
  });

  test('is open to anybody for the console', async () => {
    const { response, arn } = await ask('/', { token: null });
    expect([response.status, arn]).toEqual([200, 'console']);
    expect((await ask('/assets/index.js', { token: null })).event?.pathParameters).toEqual({ proxy: 'assets/index.js' });
  });

  test('is open where the function authenticates; its headers arrive unchanged', async () => {
    const { response, event, arn } = await ask('/relay/enrolments', {
      method: 'POST',
      token: 'one-time',
      body: '{"key":1}',
      headers: { 'content-type': 'application/json' },
      answer: () => ({ statusCode: 201, body: '{}' }),
    });
    expect([response.status, arn]).toEqual([201, 'api']);
    expect(event).toMatchObject({
      routeKey: 'POST /relay/{proxy+}',
      pathParameters: { proxy: 'enrolments' },
      headers: { authorization: 'Bearer one-time' },
      body: '{"key":1}',
    });
    expect(event?.requestContext).not.toHaveProperty('authorizer');
  });

  test('survives a restart: the key is kept, readable by its owner only', async () => {
    const again = await localIssuer(dir.dir);
    expect(await again.verify(authorizer, token)).toMatchObject({ claims: { sub: 'local' } });
    expect((await stat(join(dir.dir, 'issuer.json'))).mode & 0o777).toBe(0o600);
  });

  test('lasts for thirty days', () => {
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(30 * 24 * 3600);
  });
});

function unsigned(jwt: string): string {
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  return `${header}.${jwt.split('.')[1]}.`;
}
function tampered(jwt: string): string {
  const [header, claims = '', signature] = jwt.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: 'root' };
  return `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
}
async function strangersToken(): Promise<string> {
  const elsewhere = await aDirectory();
  try {
    return await (await localIssuer(elsewhere.dir)).mint(authorizer);
  } finally {
    await elsewhere.remove();
  }
}
