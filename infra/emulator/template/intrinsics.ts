/** CloudFormation's functions, resolved to plain values for account 000000000000 in us-east-1. */
export const account = '000000000000';
export const region = 'us-east-1';
const noValue = Symbol('AWS::NoValue');
const pseudoParameters = new Map<string, unknown>([
  ['AWS::AccountId', account],
  ['AWS::Region', region],
  ['AWS::Partition', 'aws'],
  ['AWS::URLSuffix', 'amazonaws.com'],
  ['AWS::NoValue', noValue],
]);

/** Resolves names. Each function returns null for an unknown name. */
export type Scope = {
  stackName: string;
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  imported(exportName: string): unknown;
};
/** A value that cannot be resolved, with the reason. */
export class Unresolvable extends Error {}

type Resolve = (value: unknown) => unknown;
type Intrinsic = (argument: unknown, resolve: Resolve, scope: Scope) => unknown;

const intrinsics: Record<string, Intrinsic> = {
  Ref: (name, _, scope) => reference(text(name), scope),
  'Fn::GetAtt': (given, _, scope) => {
    const [id = '', ...rest] = typeof given === 'string' ? given.split('.') : list(given).map(text);
    return attribute(id, rest.join('.'), scope);
  },
  'Fn::Join': (given, resolve) => {
    const [separator, parts] = list(given);
    return list(resolve(parts)).map(text).join(text(separator));
  },
  'Fn::Split': (given, resolve) => {
    const [separator, value] = list(given);
    return text(resolve(value)).split(text(separator));
  },
  'Fn::Select': (given, resolve) => {
    const [index, values] = list(given);
    const found = list(resolve(values))[Number(resolve(index))];
    if (found === undefined) throw new Unresolvable(`Fn::Select has no value at ${JSON.stringify(index)}`);
    return found;
  },
  'Fn::Sub': (given, resolve, scope) => {
    const [pattern, own] = Array.isArray(given) ? given : [given, {}];
    return substitute(text(pattern), resolve(own), scope);
  },
  'Fn::ImportValue': (name, resolve, scope) => {
    const exported = text(resolve(name));
    const found = scope.imported(exported);
    if (found === null) throw new Unresolvable(`no stack exports ${exported}`);
    return found;
  },
};

/** Throws `Unresolvable` for an unknown function, name or attribute; removes values that are `AWS::NoValue`. */
export function resolveIntrinsics(value: unknown, scope: Scope): unknown {
  const resolve: Resolve = (inner) => {
    if (Array.isArray(inner)) return inner.map(resolve).filter((element) => element !== noValue);
    if (typeof inner !== 'object' || inner === null) return inner;
    const entries = Object.entries(inner);
    const [only] = entries;
    if (only && entries.length === 1 && isIntrinsic(only[0])) return call(only[0], only[1], { resolve, scope });
    return Object.fromEntries(entries.map(([key, own]) => [key, resolve(own)]).filter(([, own]) => own !== noValue));
  };
  return resolve(value);
}

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');
}

function call(name: string, argument: unknown, { resolve, scope }: { resolve: Resolve; scope: Scope }): unknown {
  const intrinsic = intrinsics[name];
  if (!intrinsic) throw new Unresolvable(`${name} is not understood`);
  return intrinsic(argument, resolve, scope);
}

function reference(name: string, scope: Scope): unknown {
  if (pseudoParameters.has(name)) return pseudoParameters.get(name);
  if (name === 'AWS::StackName') return scope.stackName;
  if (name === 'AWS::StackId') return `arn:aws:cloudformation:${region}:${account}:stack/${scope.stackName}/local`;
  const found = scope.ref(name);
  if (found === null) throw new Unresolvable(`Ref to ${name} leads nowhere that is understood`);
  return found;
}

function attribute(id: string, name: string, scope: Scope): unknown {
  const found = scope.attribute(id, name);
  if (found === null) throw new Unresolvable(`attribute ${name} of ${id} is not understood`);
  return found;
}

function substitute(pattern: string, own: unknown, scope: Scope): string {
  return pattern.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (typeof own === 'object' && own !== null && name in own) return text(Reflect.get(own, name));
    const [id = '', ...rest] = name.split('.');
    return text(rest.length === 0 ? reference(name, scope) : attribute(id, rest.join('.'), scope));
  });
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Unresolvable(`a list was expected, found ${JSON.stringify(value)}`);
  return value;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unresolvable(`a text was expected, found ${JSON.stringify(value)}`);
}
