/** Converts synthesized stacks to the model that the local stack runs, or throws one error that names everything unsupported. */
import type { z } from 'zod';
import type { Model } from '#infra/emulator/model';
import { type Identity, identityOf, namePropertyOf } from './identities.ts';
import { resolveIntrinsics, type Scope, Unresolvable } from './intrinsics.ts';
import { localAddresses, toSocket } from './local-addresses.ts';
import type { LocalResource } from './local-resource.ts';
import { toModel } from './model-from-resources.ts';
import { notNeeded } from './not-needed.ts';
import { shapes, type Understood } from './resource-shapes.ts';
import type { ResourceDocument, StackDocument } from './stack-document.ts';
import { type Problem, TemplateNotUnderstood } from './unsupported.ts';

export type ReadOptions = {
  /** Address of the local services, `http://127.0.0.1:port`: queue URLs begin with it. */
  endpoint: string;
  /** Address of the HTTP API, in the same form; by default `endpoint`. */
  web?: string;
};

/** Throws `TemplateNotUnderstood` with every unknown resource type, property and function of all stacks at once. */
export function readTemplate(stacks: readonly StackDocument[], { endpoint, web = endpoint }: ReadOptions): Model {
  const problems: Problem[] = [];
  const resources: LocalResource[] = [];
  const scopes = scopesOf(stacks, { endpoint, web });
  const localised = localAddresses(stacks, { endpoint, web });
  for (const stack of stacks)
    for (const [id, document] of Object.entries(stack.template.Resources)) {
      const found = readResource(document, { id, stack, scope: scopes(stack), problems, localised });
      if (found) resources.push(found);
    }
  const model = problems.length === 0 ? toModel(resources, (problem) => problems.push(problem)) : null;
  if (problems.length > 0 || model === null) throw new TemplateNotUnderstood(problems);
  return model;
}

type Context = {
  id: string;
  stack: StackDocument;
  scope: FullScope;
  problems: Problem[];
  localised: (value: unknown) => unknown;
};

function readResource(document: ResourceDocument, { id, stack, scope, problems, localised }: Context): LocalResource | null {
  const type = document.Type;
  const report = (property: string, says: string) => {
    problems.push({ stack: stack.name, id, type, property, says });
    return null;
  };
  if (document.Condition !== undefined) return report('Condition', 'conditions are not understood');
  if (!isUnderstood(type)) {
    const known = notNeeded[type];
    if (!known) return report('', 'this resource type is not understood');
    for (const property of Object.keys(document.Properties))
      if (!known.properties.includes(property)) report(property, 'this property is not understood');
    return null;
  }
  const properties = localised(resolved(document, scope, report));
  const parsed = shapes[type].safeParse(properties);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) reportIssue(issue, report);
    return null;
  }
  const identity = scope.identity(id);
  if (!identity && type !== 'AWS::IAM::Policy') return report('', 'has no identity here');
  return { type, id, stack, identity: identity ?? nameless(id), properties: parsed.data } as LocalResource;
}

function nameless(id: string): Identity {
  return { name: id, ref: id, attributes: {} };
}

function isUnderstood(type: string): type is Understood {
  return type in shapes;
}

/** Resolves each property separately, so that one that cannot be resolved does not hide the others. */
function resolved(document: ResourceDocument, scope: Scope, report: (property: string, says: string) => null) {
  const entries = Object.entries(document.Properties).flatMap(([property, value]): [string, unknown][] => {
    try {
      return [[property, resolveIntrinsics(value, scope)]];
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      report(property, error.message);
      return [];
    }
  });
  return Object.fromEntries(entries);
}

function reportIssue(issue: z.core.$ZodIssue, report: (property: string, says: string) => null): void {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    for (const key of issue.keys) report([...path, key].join('.'), 'this property is not understood');
  else report(path.join('.'), issue.message);
}

type FullScope = Scope & { identity(logicalId: string): Identity | null };

/** Scopes of all stacks, which see each other's exports. Identities are created on first use: a name may need resolving. */
function scopesOf(stacks: readonly StackDocument[], places: Places): (stack: StackDocument) => FullScope {
  const made = new Map<StackDocument, FullScope>();

  function imported(exportName: string): unknown {
    for (const stack of stacks)
      for (const { Value, Export } of Object.values(stack.template.Outputs))
        if (Export && resolveIntrinsics(Export.Name, scopeOf(stack)) === exportName)
          return resolveIntrinsics(Value, scopeOf(stack));
    return null;
  }

  function scopeOf(stack: StackDocument): FullScope {
    const known = made.get(stack);
    if (known) return known;
    const identities = new Map<string, Identity | null>();
    const scope: FullScope = {
      stackName: stack.name,
      imported,
      identity(id) {
        if (!identities.has(id)) identities.set(id, identify(stack, id, { scope, ...places }));
        return identities.get(id) ?? null;
      },
      ref: (id) => scope.identity(id)?.ref ?? stack.template.Parameters[id]?.Default ?? null,
      attribute: (id, name) => scope.identity(id)?.attributes[name] ?? null,
    };
    made.set(stack, scope);
    return scope;
  }
  return scopeOf;
}

type Places = { endpoint: string; web: string };

function identify(stack: StackDocument, id: string, { scope, endpoint, web }: Places & { scope: Scope }): Identity | null {
  const document = stack.template.Resources[id];
  if (!document) return null;
  const property = namePropertyOf(document.Type);
  const given = property === null ? undefined : document.Properties[property];
  const name = given === undefined ? null : resolveIntrinsics(given, scope);
  const generated =
    document.Type === 'AWS::SQS::Queue' && document.Properties.FifoQueue === true ? `${stack.name}-${id}.fifo` : null;
  const socket = document.Properties.ProtocolType === 'WEBSOCKET';
  const place = { stack: stack.name, id, endpoint, web: socket ? toSocket(web) : web };
  return identityOf(document.Type, typeof name === 'string' ? name : generated, place);
}
