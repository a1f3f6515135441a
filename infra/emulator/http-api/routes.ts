/**
 * Selects the route of a request like API Gateway: on the decoded path, the most specific route first
 * (fixed segments before `{name}`, those before `{name+}`), a named method before `ANY`, and `$default` last.
 */
import type { Route } from '#infra/emulator/model';

export type MatchedRoute = { route: Route; pathParameters: Record<string, string> };

type Pattern = { route: Route; method: string; segments: string[] };

export function routeMatcher(routes: readonly Route[]): (method: string, path: string) => MatchedRoute | null {
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  const patterns = routes
    .filter((route) => route !== fallback)
    .map(patternOf)
    .toSorted(moreSpecificFirst);

  return (method, path) => {
    for (const pattern of patterns) {
      if (pattern.method !== 'ANY' && pattern.method !== method) continue;
      const pathParameters = match(pattern.segments, segmentsOf(path));
      if (pathParameters) return { route: pattern.route, pathParameters };
    }
    return fallback ? { route: fallback, pathParameters: {} } : null;
  };
}

const segmentsOf = (path: string) => path.replace(/^\//, '').split('/');

function patternOf(route: Route): Pattern {
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(route.routeKey) ?? [];
  if (method === undefined || path === undefined)
    throw new Error(`The HTTP API has a route key that the local stack does not understand: "${route.routeKey}"`);
  return { route, method, segments: segmentsOf(path) };
}

const isGreedy = (segment: string) => /^\{.+\+\}$/.test(segment);
const isVariable = (segment: string) => /^\{.+\}$/.test(segment);
const rank = (segment: string | undefined) => (segment === undefined ? 3 : isGreedy(segment) ? 2 : isVariable(segment) ? 1 : 0);

function moreSpecificFirst(a: Pattern, b: Pattern): number {
  for (let at = 0; at < Math.max(a.segments.length, b.segments.length); at++) {
    const difference = rank(a.segments[at]) - rank(b.segments[at]);
    if (difference !== 0) return difference;
  }
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

function match(pattern: string[], path: string[]): Record<string, string> | null {
  const found: Record<string, string> = {};
  for (const [at, segment] of pattern.entries()) {
    const given = path[at];
    if (isGreedy(segment)) {
      const rest = path.slice(at).join('/');
      return rest === '' ? null : { ...found, [segment.slice(1, -2)]: rest };
    }
    if (given === undefined || (isVariable(segment) ? given === '' : given !== segment)) return null;
    if (isVariable(segment)) found[segment.slice(1, -1)] = given;
  }
  return path.length === pattern.length ? found : null;
}
