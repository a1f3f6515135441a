/** Templates written by hand, each the least that shows one thing. */
import type { Model } from '#infra/emulator/model';
import { readTemplate } from '#infra/emulator/template/read-template';
import { parseTemplate, type StackDocument } from '#infra/emulator/template/stack-document';
import { TemplateNotUnderstood } from '#infra/emulator/template/unsupported';

export const endpoint = 'http://127.0.0.1:4566';
type Resources = Record<string, { Type: string; Properties?: Record<string, unknown>; [other: string]: unknown }>;

export function aStack(
  name: string,
  Resources: Resources,
  { Outputs = {}, code = {} }: { Outputs?: object; code?: Record<string, string> } = {},
): StackDocument {
  return { name, template: parseTemplate(name, { Resources, Outputs }), codeDirs: new Map(Object.entries(code)) };
}

export function modelOf(...stacks: StackDocument[]): Model {
  return readTemplate(stacks, { endpoint });
}

/** The errors of reading the stacks, as `stack id type property: says`. */
export function complaintsOf(...stacks: StackDocument[]): string[] {
  try {
    readTemplate(stacks, { endpoint });
  } catch (error) {
    if (error instanceof TemplateNotUnderstood)
      return error.problems.map(({ stack, id, type, property, says }) => `${stack} ${id} ${type} ${property}: ${says}`);
    throw error;
  }
  return [];
}

export const aRole = (statements: object[] = []) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {},
    Policies: [{ PolicyName: 'Own', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  },
});
export const aFunction = (properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'assets', S3Key: 'abc.zip' },
    Handler: 'index.handler',
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Runtime: 'nodejs24.x',
    ...properties,
  },
});
export const code = { 'abc.zip': '/bundles/abc' };
