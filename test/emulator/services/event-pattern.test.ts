import { describe, expect, test } from 'vitest';
import { checkPattern, matches } from '#infra/emulator/services/event-pattern';

const event = {
  source: 'portal',
  'detail-type': 'EnrolmentChanged',
  detail: { status: 'enrolled', count: 3, urgent: true, note: null, tags: ['red', 'blue'], user: { mail: 'Zoe@Acme.example' } },
};

describe('an event matches a pattern', () => {
  test.each([
    ['when a field has one of the values', { source: ['other', 'portal'] }, true],
    ['not when it has none of them', { source: ['other'] }, false],
    ['only when every field does', { source: ['portal'], 'detail-type': ['Else'] }, false],
    ['within nested fields', { detail: { user: { mail: ['Zoe@Acme.example'] } } }, true],
    ['by numbers, booleans and null as they are', { detail: { count: [3], urgent: [true], note: [null] } }, true],
    ['not by a number written as text', { detail: { count: ['3'] } }, false],
    ['by any element of a list', { detail: { tags: ['blue'] } }, true],
    ['by prefix', { 'detail-type': [{ prefix: 'Enrol' }] }, true],
    ['by prefix whatever the case', { detail: { user: { mail: [{ prefix: { 'equals-ignore-case': 'zOE@' } }] } } }, true],
    ['by suffix', { detail: { user: { mail: [{ suffix: '.example' }] } } }, true],
    ['by wildcard', { detail: { user: { mail: [{ wildcard: 'Zoe@*.exa*' }] } } }, true],
    ['not by a wildcard that covers a part only', { detail: { user: { mail: [{ wildcard: 'Zoe@*.exa' }] } } }, false],
    ['whatever the case', { detail: { status: [{ 'equals-ignore-case': 'ENROLLED' }] } }, true],
    ['by anything but a value', { detail: { status: [{ 'anything-but': 'removed' }] } }, true],
    ['not by anything but its value', { detail: { status: [{ 'anything-but': ['removed', 'enrolled'] }] } }, false],
    ['by anything but a prefix', { detail: { status: [{ 'anything-but': { prefix: 'en' } }] } }, false],
    ['not by anything-but where the field is missing', { detail: { missing: [{ 'anything-but': 'x' }] } }, false],
    ['by a field that exists', { detail: { status: [{ exists: true }] } }, true],
    ['by a field that does not', { detail: { missing: [{ exists: false }] } }, true],
    ['not by a missing field that should exist', { detail: { missing: [{ exists: true }] } }, false],
    ['within a numeric range', { detail: { count: [{ numeric: ['>', 2, '<=', 3] }] } }, true],
    ['not outside a numeric range', { detail: { count: [{ numeric: ['<', 3] }] } }, false],
    ['not by a property that every object inherits', { detail: { constructor: [{ exists: true }] } }, false],
  ])('%s', (_, pattern, expected) => {
    expect(checkPattern(pattern)).toEqual([]);
    expect(matches(pattern, event)).toBe(expected);
  });
});

test('an unsupported pattern is named with its place', () => {
  const pattern = { $or: [{ a: ['b'] }], detail: { ip: [{ cidr: '10.0.0.0/8' }], status: 'enrolled' } };
  expect(checkPattern(pattern)).toEqual([
    { path: '$or', says: '$or is not understood in an event pattern' },
    { path: 'detail.ip.0', says: '{"cidr":"10.0.0.0/8"} is not understood in an event pattern' },
    { path: 'detail.status', says: 'an event pattern takes lists of alternatives' },
  ]);
});
