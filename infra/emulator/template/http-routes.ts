/** The routes of an HTTP API, each resolved to its function through its integration, with its authoriser. */
import type { Authorizer, HttpApi } from '#infra/emulator/model';
import { type Api, partsOf, type Route } from './api-parts.ts';
import type { LocalResource } from './local-resource.ts';
import type { Report } from './unsupported.ts';

export function toHttpApi(api: Api, resources: readonly LocalResource[], report: Report): HttpApi {
  const { routes, stages, authorizerOf, functionOf, refuse } = partsOf(api, { resources, report, format: '2.0' });
  for (const stage of stages)
    if (stage.properties.StageName !== '$default')
      refuse(stage, 'StageName', 'the local stack runs the stage $default of an HTTP API only');

  function jwtOf(route: Route): Authorizer | null {
    const authorizer = authorizerOf(route);
    if (authorizer?.properties.AuthorizerType === 'JWT') {
      const { Issuer, Audience } = authorizer.properties.JwtConfiguration;
      return { id: authorizer.id, issuer: Issuer, audience: Audience };
    }
    if (route.properties.AuthorizationType !== 'NONE') refuse(route, 'AuthorizerId', 'leads to no JWT authoriser');
    return null;
  }

  return {
    id: api.id,
    name: api.properties.Name,
    routes: routes.map((route) => ({
      routeKey: route.properties.RouteKey,
      functionArn: functionOf(route),
      authorizer: jwtOf(route),
    })),
  };
}
