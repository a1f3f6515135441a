/** A WebSocket API: its stage, its routes, and the authoriser of its handshake. */
import type { IdentitySource, SocketApi } from '#infra/emulator/model';
import { type Api, functionArnOf, partsOf, type Route } from './api-parts.ts';
import type { LocalResource } from './local-resource.ts';
import type { Report } from './unsupported.ts';

export function toSocketApi(api: Api, resources: readonly LocalResource[], report: Report): SocketApi {
  const { routes, stages, authorizerOf, functionOf, refuse } = partsOf(api, { resources, report, format: undefined });
  const refuseApi = (property: string, says: string) =>
    report({ stack: api.stack.name, id: api.id, type: api.type, property, says });
  if (stages.length !== 1) refuseApi('', `has ${stages.length} stages; the local stack runs exactly one`);
  for (const needed of ['$connect', '$default'])
    if (!routes.some(({ properties }) => properties.RouteKey === needed)) refuseApi('', `has no route ${needed}`);

  function authorizerAt(route: Route | undefined): SocketApi['authorizer'] {
    if (!route || route.properties.AuthorizationType === 'NONE') return null;
    const authorizer = authorizerOf(route);
    if (authorizer?.properties.AuthorizerType !== 'REQUEST') {
      refuse(route, 'AuthorizerId', 'leads to no REQUEST authoriser');
      return null;
    }
    const { AuthorizerUri, IdentitySource } = authorizer.properties;
    return { functionArn: functionArnOf(AuthorizerUri), identitySources: IdentitySource.map(toIdentitySource) };
  }

  const others = routes.filter(({ properties }) => properties.RouteKey !== '$connect');
  for (const route of others)
    if (route.properties.AuthorizationType !== 'NONE')
      refuse(route, 'AuthorizationType', 'API Gateway authorises at $connect only');
  return {
    id: api.id,
    name: api.properties.Name,
    stage: stages[0]?.properties.StageName ?? '',
    authorizer: authorizerAt(routes.find((route) => !others.includes(route))),
    routes: routes.map((route) => ({ routeKey: route.properties.RouteKey, functionArn: functionOf(route) })),
  };
}

function toIdentitySource(expression: string): IdentitySource {
  const [, , place, ...name] = expression.split('.');
  return { in: place === 'header' ? 'header' : 'querystring', name: name.join('.') };
}
