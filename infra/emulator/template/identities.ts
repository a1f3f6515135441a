/**
 * The name, address and attributes that each resource has on the local stack: what `Ref` and `Fn::GetAtt` return. The same
 * template yields the same names on each start, so that stored data is found again.
 */
import { account, region } from './intrinsics.ts';

export type Identity = { name: string; ref: string; attributes: Record<string, string> };
/** `web`: address of this API. */
type Place = { name: string; id: string; endpoint: string; web: string };
type Kind = { nameProperty?: string; identity: (place: Place) => Omit<Identity, 'name'> };

const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
const globalArn = (service: string, rest: string) => `arn:aws:${service}::${account}:${rest}`;
/** Identity of a resource that is known by its id only. */
const byId = (...attributes: string[]): Kind => ({
  identity: ({ id }) => ({ ref: id, attributes: Object.fromEntries(attributes.map((attribute) => [attribute, id])) }),
});
const byArn = (nameProperty: string, address: (name: string) => string, ref: 'name' | 'arn' = 'name'): Kind => ({
  nameProperty,
  identity: ({ name }) => ({ ref: ref === 'arn' ? address(name) : name, attributes: { Arn: address(name) } }),
});

const kinds: Record<string, Kind> = {
  'AWS::DynamoDB::Table': {
    nameProperty: 'TableName',
    identity: ({ name }) => {
      const address = arn('dynamodb', `table/${name}`);
      // The label is a time in the cloud; here one table has one stream, always the same.
      return { ref: name, attributes: { Arn: address, StreamArn: `${address}/stream/local` } };
    },
  },
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    identity: ({ name, endpoint }) => {
      const url = `${endpoint}/${account}/${name}`;
      return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
    },
  },
  'AWS::Lambda::Function': byArn('FunctionName', (name) => arn('lambda', `function:${name}`)),
  'AWS::Lambda::EventSourceMapping': byId('Id'),
  'AWS::Events::EventBus': {
    nameProperty: 'Name',
    identity: ({ name }) => ({ ref: name, attributes: { Arn: arn('events', `event-bus/${name}`), Name: name } }),
  },
  'AWS::Events::Rule': byArn('Name', (name) => arn('events', `rule/${name}`)),
  'AWS::Scheduler::Schedule': byArn('Name', (name) => arn('scheduler', `schedule/default/${name}`)),
  'AWS::Scheduler::ScheduleGroup': byArn('Name', (name) => arn('scheduler', `schedule-group/${name}`)),
  'AWS::ApiGatewayV2::Api': {
    identity: ({ id, web }) => ({ ref: id, attributes: { ApiId: id, ApiEndpoint: web } }),
  },
  'AWS::ApiGatewayV2::Authorizer': byId('AuthorizerId'),
  'AWS::ApiGatewayV2::Integration': byId('IntegrationId'),
  'AWS::ApiGatewayV2::Route': byId('RouteId'),
  'AWS::ApiGatewayV2::Stage': { nameProperty: 'StageName', identity: ({ name }) => ({ ref: name, attributes: {} }) },
  'AWS::Cognito::UserPool': {
    identity: ({ id }) => {
      const pool = `${region}_${id}`;
      const provider = `cognito-idp.${region}.amazonaws.com/${pool}`;
      return {
        ref: pool,
        attributes: {
          Arn: arn('cognito-idp', `userpool/${pool}`),
          ProviderName: provider,
          ProviderURL: `https://${provider}`,
          UserPoolId: pool,
        },
      };
    },
  },
  'AWS::Cognito::UserPoolClient': byId('ClientId', 'Name'),
  // Its sign-in page is served at the console's address (http-api/user-pool.ts).
  'AWS::Cognito::UserPoolDomain': { nameProperty: 'Domain', identity: ({ web }) => ({ ref: web, attributes: {} }) },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    identity: ({ name, id }) => ({ ref: name, attributes: { Arn: globalArn('iam', `role/${name}`), RoleId: id } }),
  },
  'AWS::KMS::Key': {
    identity: ({ id }) => ({ ref: id, attributes: { Arn: arn('kms', `key/${id}`), KeyId: id } }),
  },
  'AWS::KMS::Alias': { nameProperty: 'AliasName', identity: ({ name }) => ({ ref: name, attributes: {} }) },
  'AWS::Logs::LogGroup': byArn('LogGroupName', (name) => arn('logs', `log-group:${name}:*`)),
  'AWS::SNS::Topic': {
    nameProperty: 'TopicName',
    identity: ({ name }) => ({ ref: arn('sns', name), attributes: { TopicArn: arn('sns', name), TopicName: name } }),
  },
  'AWS::CloudWatch::Alarm': byArn('AlarmName', (name) => arn('cloudwatch', `alarm:${name}`)),
  'AWS::SecretsManager::Secret': {
    nameProperty: 'Name',
    identity: ({ name }) => ({ ref: secretArn(name), attributes: { Id: secretArn(name) } }),
  },
};

/** Secrets Manager appends a hyphen and six random characters to each ARN; here they are derived from the name. */
export function secretArn(name: string): string {
  const hash = [...name].reduce((sum, character) => (sum * 33 + (character.codePointAt(0) ?? 0)) % 0x7fffffff, 5381);
  return arn('secretsmanager', `secret:${name}-${hash.toString(36).padStart(6, '0').slice(-6)}`);
}

/** The property that names a resource of this type; null if there is none. */
export function namePropertyOf(type: string): string | null {
  return kinds[type]?.nameProperty ?? null;
}

/** `given`: its name in the template, if any. Null for a type without an identity here. */
export function identityOf(
  type: string,
  given: string | null,
  at: { stack: string; id: string; endpoint: string; web: string },
): Identity | null {
  const kind = kinds[type];
  if (!kind) return null;
  const name = given ?? `${at.stack}-${at.id}`;
  return { name, ...kind.identity({ name, id: at.id, endpoint: at.endpoint, web: at.web }) };
}
