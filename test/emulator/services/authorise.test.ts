import { describe, expect, test } from 'vitest';
import type { Statement } from '#infra/emulator/model';
import { judge } from '#infra/emulator/services/authorise';
import { allow } from './stack.ts';

const need = { action: 'dynamodb:GetItem', resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/Things' };
const allowed = (statements: Statement[], of = need) => judge(statements, [of]).allowed;

describe('a call is allowed', () => {
  test('by a statement that names action and resource', () => {
    expect(allowed([allow([need.action], [need.resource])])).toBe(true);
  });
  test('by wildcards in either', () => {
    expect(allowed([allow(['dynamodb:Get*'], ['arn:aws:dynamodb:*:*:table/Thing?'])])).toBe(true);
    expect(allowed([allow(['*'], ['*'])])).toBe(true);
  });
  test('in any case of the action, but not of the resource', () => {
    expect(allowed([allow(['DynamoDB:getitem'], [need.resource])])).toBe(true);
    expect(allowed([allow([need.action], [need.resource.toLowerCase()])])).toBe(false);
  });
  test('under a condition that the call meets', () => {
    const statement = allow(['kms:Decrypt'], ['*'], { StringEquals: { 'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com' } });
    const of = (service: string) => ({
      action: 'kms:Decrypt',
      resource: 'key',
      context: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` },
    });
    expect(allowed([statement], of('dynamodb'))).toBe(true);
    expect(allowed([statement], of('sqs'))).toBe(false);
  });
});

describe('a call is denied', () => {
  test('when nothing allows it, with the reason that IAM gives', () => {
    expect(judge([allow(['dynamodb:PutItem'], ['*'])], [need])).toEqual({
      allowed: false,
      need,
      because: 'because no identity-based policy allows the dynamodb:GetItem action',
    });
  });
  test('when a Deny applies, even if something else allows it', () => {
    const deny: Statement = { effect: 'Deny', actions: ['dynamodb:*'], resources: [need.resource], conditions: {} };
    expect(allowed([allow(['*'], ['*']), deny])).toBe(false);
    expect(allowed([allow(['*'], ['*']), deny], { ...need, resource: `${need.resource}Other` })).toBe(true);
  });
  test('when one of several needs is not allowed', () => {
    const other = { ...need, action: 'dynamodb:PutItem' };
    expect(judge([allow([need.action], ['*'])], [need, other])).toMatchObject({ allowed: false, need: other });
  });
  test('when a dot in a pattern would have to match another character', () => {
    expect(allowed([allow([need.action], ['a.c'])], { ...need, resource: 'abc' })).toBe(false);
  });
});
