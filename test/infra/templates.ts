/** Both templates, synthesized once per test file without code, and queries by property. */
import { rm } from 'node:fs/promises';
import { type LocalConfiguration, type RuntimeConfiguration, runtimeConfiguration } from '#domain/runtime/configuration';
import type { FunctionName } from '#domain/runtime/environment';
import { stackNames } from '#infra/cloud/extender-app';
import { synthesize } from '#infra/cloud/synthesize';

export type Resource = {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
};
export type Statement = { Effect: string; Action: string[]; Resource: string[]; Condition?: unknown };
type Template = { Resources: Record<string, Resource>; Outputs: Record<string, { Value: unknown; Export?: { Name: string } }> };
export type Templates = {
  state: Template;
  service: Template;
  /** Resources of one type, of both stacks, by logical id. */
  ofType(type: string): [string, Resource][];
  /** The properties and policies of the only resource of a type. */
  only(type: string): Resource;
  /** Any value of a template as one readable text: `Devices.Arn`, `GatherQueue`; imports are followed to the state stack. */
  text(value: unknown): string;
};

export const oneSource = {
  sources: [
    {
      id: 'cloud',
      kind: 'smartcloud',
      url: 'https://mail.example.com',
      credentials: { secretName: 'traveler-extender/cloud' },
    },
  ],
} satisfies Partial<LocalConfiguration> | object;

/** With every option that adds functions. */
export const everything = {
  ...oneSource,
  portal: { url: 'https://portal.example.com', secretName: 'traveler-extender/portal' },
  mail: { from: 'extender@acme.example' },
  maas360: { billingId: '10000001', credentials: { secretName: 'traveler-extender/maas360' } },
};

export async function templatesFor(given: unknown = oneSource): Promise<Templates> {
  const configuration: RuntimeConfiguration = runtimeConfiguration.parse(given);
  const assembly = await synthesize(configuration, { bundles: 'skip' });
  const template = (name: string) => structuredClone(assembly.getStackByName(name).template) as Template;
  const state = template(stackNames.state);
  const service = template(stackNames.service);
  await rm(assembly.directory, { recursive: true });
  const all = [...Object.entries(state.Resources), ...Object.entries(service.Resources)];
  const ofType = (type: string) => all.filter(([, { Type }]) => Type === type);
  return {
    state,
    service,
    ofType,
    only(type) {
      const [[, resource] = [], second] = ofType(type);
      if (!resource || second) throw new Error(`expected one ${type}, found ${ofType(type).length}`);
      return resource;
    },
    text: (value) => readable(value, state),
  };
}

/** Logical ids end in eight hex digits added by CDK. */
const plainId = (id: string) => id.replace(/[0-9A-F]{8}$/, '');

function readable(value: unknown, state: Template): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument] = ['', null]] = Object.entries(value);
  if (name === 'Ref') return plainId(String(argument));
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return `${plainId(String(argument[0]))}.${argument[1]}`;
  if (name === 'Fn::Join' && Array.isArray(argument)) return argument[1].map((part: unknown) => readable(part, state)).join('');
  if (name === 'Fn::ImportValue') {
    const exported = Object.values(state.Outputs).find((output) => output.Export?.Name === argument);
    if (!exported) throw new Error(`nothing is exported as ${argument}`);
    return readable(exported.Value, state);
  }
  return JSON.stringify(value);
}

const functionIds: { [F in FunctionName]: string } = {
  'start-gathers': 'StartGathers',
  gather: 'Gather',
  evaluate: 'Evaluate',
  act: 'Act',
  'portal-events': 'PortalEvents',
  api: 'Api',
  console: 'Console',
  'sign-in': 'SignIn',
  publish: 'Publish',
  bulk: 'Bulk',
  'take-enrolments': 'TakeEnrolments',
  'import-enrolments': 'ImportEnrolments',
  upload: 'Upload',
  notify: 'Notify',
  'wake-by-time': 'WakeByTime',
  reap: 'Reap',
  'relay-authorise': 'RelayAuthorise',
  'relay-enrol': 'RelayEnrol',
  'relay-socket': 'RelaySocket',
};

export function functionOf(templates: Templates, name: FunctionName): Resource {
  const found = templates.ofType('AWS::Lambda::Function').find(([id]) => plainId(id) === `${functionIds[name]}Function`);
  if (!found) throw new Error(`the template has no function ${name}`);
  return found[1];
}

/** What the role of a function allows, resources as readable text. */
export function statementsOf(templates: Templates, name: FunctionName): Statement[] {
  const role = templates.ofType('AWS::IAM::Role').find(([id]) => plainId(id) === `${functionIds[name]}Role`);
  if (!role) throw new Error(`the template has no role for ${name}`);
  return roleStatements(templates, role[1]);
}

export function roleStatements(templates: Templates, role: Resource): Statement[] {
  const policies = role.Properties.Policies as { PolicyDocument: { Statement: Record<string, unknown>[] } }[];
  return policies.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map((statement) => ({
      Effect: String(statement.Effect),
      Action: [statement.Action].flat().map(String),
      Resource: [statement.Resource].flat().map((resource) => templates.text(resource)),
      Condition: statement.Condition,
    })),
  );
}

/** `action resource` for each pair that a function may do, sorted: the effect of its role. */
export function permits(templates: Templates, name: FunctionName): string[] {
  return statementsOf(templates, name)
    .flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((resource) => `${action} ${resource}`)))
    .sort();
}
