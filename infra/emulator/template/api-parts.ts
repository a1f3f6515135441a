/** The parts of one API of either kind: its routes and stages, and their functions. */
import type { LocalResource, Resource } from './local-resource.ts';
import type { Report } from './unsupported.ts';

export type Api = Resource<'AWS::ApiGatewayV2::Api'>;
export type Route = Resource<'AWS::ApiGatewayV2::Route'>;
export type Stage = Resource<'AWS::ApiGatewayV2::Stage'>;
export type ApiAuthorizer = Resource<'AWS::ApiGatewayV2::Authorizer'>;

type Integration = Resource<'AWS::ApiGatewayV2::Integration'>;

/** `format`: payload format of the events for functions of this kind of API; undefined if it has only one. */
export function partsOf(
  api: Api,
  { resources, report, format }: { resources: readonly LocalResource[]; report: Report; format: '2.0' | undefined },
) {
  const ofApi = ({ properties }: Route | Stage | Integration) => properties.ApiId === api.identity.ref;
  const integrations = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Integration').filter(ofApi);
  const authorizers = resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Authorizer');

  function refuse({ id, stack, type }: LocalResource, property: string, says: string): void {
    report({ stack: stack.name, id, type, property, says });
  }
  for (const integration of integrations)
    if (integration.properties.PayloadFormatVersion !== format)
      refuse(integration, 'PayloadFormatVersion', format ? `only ${format} is understood` : 'is understood of HTTP APIs only');

  return {
    routes: resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Route').filter(ofApi),
    stages: resources.filter((resource) => resource.type === 'AWS::ApiGatewayV2::Stage').filter(ofApi),
    refuse,
    authorizerOf: ({ properties }: Route): ApiAuthorizer | undefined =>
      authorizers.find(({ identity }) => identity.ref === properties.AuthorizerId),
    /** By arn. */
    functionOf(route: Route): string {
      const integration = integrations.find(({ identity }) => `integrations/${identity.ref}` === route.properties.Target);
      if (!integration) refuse(route, 'Target', 'leads to nothing that is understood');
      return integration ? functionArnOf(integration.properties.IntegrationUri) : '';
    },
  };
}

/** A function is named by its ARN, or by an API Gateway path that contains the ARN. */
export function functionArnOf(uri: string): string {
  return /functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri;
}
