/** The routes of an HTTP API, each led to its function through its integration, with its authoriser. */
import type { HttpApi, Route } from '#infra/local/model';
import type { LocalResource, Resource } from './local-resource.ts';
import type { Report } from './problems.ts';

export function toHttpApi(api: Resource<'AWS::ApiGatewayV2::Api'>, resources: readonly LocalResource[], report: Report): HttpApi {
  const integrations = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Integration');
  const authorizers = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Authorizer');
  const routes = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Route');
  const ofApi = routes.filter(({ properties }) => properties.ApiId === api.identity.ref);
  return {
    id: api.id,
    name: api.properties.Name,
    routes: ofApi.map(({ id, stack, type, properties }): Route => {
      const uri = integrations.find(({ identity }) => `integrations/${identity.ref}` === properties.Target)?.properties
        .IntegrationUri;
      const authorizer = authorizers.find(({ identity }) => identity.ref === properties.AuthorizerId);
      const missing = (property: string) =>
        report({ stack: stack.name, id, type, property, says: 'leads to nothing that is understood' });
      if (uri === undefined) missing('Target');
      if (properties.AuthorizationType === 'JWT' && !authorizer) missing('AuthorizerId');
      const jwt = authorizer?.properties.JwtConfiguration;
      return {
        routeKey: properties.RouteKey,
        functionArn: uri === undefined ? '' : functionOf(uri),
        authorizer: authorizer && jwt ? { id: authorizer.id, issuer: jwt.Issuer, audience: jwt.Audience } : null,
      };
    }),
  };
}

/** An integration names its function by arn, or by a path of API Gateway that holds the arn. */
function functionOf(uri: string): string {
  return /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
