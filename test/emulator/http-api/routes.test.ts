import { expect, test } from 'vitest';
import { routeMatcher } from '#infra/emulator/http-api/routes';
import type { Route } from '#infra/emulator/model';

const routes = (...keys: string[]): Route[] => keys.map((routeKey) => ({ routeKey, functionArn: routeKey, authorizer: null }));
const keys = ['$default', 'ANY /{proxy+}', 'GET /a/{id}', 'GET /a/fixed', 'ANY /a/fixed', 'POST /a/{id}/{rest+}', 'GET /'];

test.each([
  ['GET', '/a/fixed', 'GET /a/fixed', {}],
  ['POST', '/a/fixed', 'ANY /a/fixed', {}],
  ['GET', '/a/7', 'GET /a/{id}', { id: '7' }],
  ['POST', '/a/7/b/c', 'POST /a/{id}/{rest+}', { id: '7', rest: 'b/c' }],
  ['POST', '/a/7', 'ANY /{proxy+}', { proxy: 'a/7' }],
  ['GET', '/', 'GET /', {}],
  ['POST', '/', '$default', {}],
])('%s %s goes to %s', (method, path, route, pathParameters) => {
  expect(routeMatcher(routes(...keys))(method, path)).toMatchObject({ route: { routeKey: route }, pathParameters });
});

test('without a default route, a request that matches nothing is not routed', () => {
  expect(routeMatcher(routes('GET /a'))('GET', '/a/b')).toBeNull();
});

test('a malformed route key is rejected by its text', () => {
  expect(() => routeMatcher(routes('$connect'))).toThrow('"$connect"');
});
