// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of CloudFormation's placeholders.
import { describe, expect, test } from 'vitest';
import { resolveIntrinsics, type Scope, Unresolvable } from '#infra/emulator/template/intrinsics';

const scope: Scope = {
  stackName: 'Main',
  ref: (id) => (id === 'Queue' ? 'queue-url' : null),
  attribute: (id, name) => (id === 'Queue' && name === 'Arn' ? 'arn:aws:sqs:queue' : null),
  imported: (name) => (name === 'Shared' ? 'from-elsewhere' : null),
};
const resolve = (value: unknown) => resolveIntrinsics(value, scope);

describe('a value is resolved', () => {
  test.each([
    ['Ref to a resource', { Ref: 'Queue' }, 'queue-url'],
    [
      'pseudo parameters',
      {
        'Fn::Join': [
          '/',
          [
            { Ref: 'AWS::Region' },
            { Ref: 'AWS::AccountId' },
            { Ref: 'AWS::Partition' },
            { Ref: 'AWS::URLSuffix' },
            { Ref: 'AWS::StackName' },
          ],
        ],
      },
      'us-east-1/000000000000/aws/amazonaws.com/Main',
    ],
    ['Fn::GetAtt as list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn:aws:sqs:queue'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn:aws:sqs:queue'],
    ['Fn::Join over functions', { 'Fn::Join': ['', ['a-', { Ref: 'Queue' }, 1]] }, 'a-queue-url1'],
    [
      'Fn::Sub with names, attributes and a literal',
      { 'Fn::Sub': '${Queue} ${Queue.Arn} ${AWS::Region} ${!Kept}' },
      'queue-url arn:aws:sqs:queue us-east-1 ${Kept}',
    ],
    [
      'Fn::Sub with values of its own',
      { 'Fn::Sub': ['${Name}-${Queue}', { Name: { Ref: 'AWS::Region' } }] },
      'us-east-1-queue-url',
    ],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Queue', 'Arn'] }] }] }, 'aws'],
    ['Fn::ImportValue', { 'Fn::ImportValue': 'Shared' }, 'from-elsewhere'],
    [
      'AWS::NoValue in objects and lists, by leaving it out',
      { a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 2] },
      { b: [2] },
    ],
    [
      'plain values as they are',
      { a: [1, true, null, 'x'], Ref: 'not alone', b: 2 },
      { a: [1, true, null, 'x'], Ref: 'not alone', b: 2 },
    ],
  ])('%s', (_, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });
});

describe('what cannot be resolved is reported', () => {
  test.each([
    ['an unknown function', { 'Fn::Cidr': [] }, 'Fn::Cidr is not understood'],
    ['an unknown name', { Ref: 'Nothing' }, 'Ref to Nothing leads nowhere that is understood'],
    ['an unknown attribute', { 'Fn::GetAtt': ['Queue', 'Colour'] }, 'attribute Colour of Queue is not understood'],
    ['an import that nobody exports', { 'Fn::ImportValue': 'Other' }, 'no stack exports Other'],
    ['a selection past the end', { 'Fn::Select': [3, ['a']] }, 'Fn::Select has no value at 3'],
    ['a list where a text belongs', { 'Fn::Join': ['', [['a']]] }, 'a text was expected, found ["a"]'],
  ])('%s', (_, value, says) => {
    expect(() => resolve(value)).toThrow(Unresolvable);
    expect(() => resolve(value)).toThrow(says);
  });
});
