import { expect, test } from 'vitest';
import { clientOf } from '#domain/devices/clients';

test.each([
  ['MDMXX123', 'Apple-iPhone', 'secure-mail'],
  ['IBM_IOS_1', '', 'verse-ios'],
  ['hcl_ios_1', '', 'verse-ios'],
  ['Android_1', '', 'verse-android'],
  ['ApplDMQ', 'iPhone', 'ios-mail'],
  ['XYZ', 'apple-iPhone7C2/1403.92', 'ios-mail'],
  ['XYZ', 'WP8', 'windows-phone'],
  ['XYZ', 'WindowsPhone 8.1', 'windows-phone'],
  ['XYZ', 'BlackBerry-9900', 'blackberry'],
  ['XYZ', 'Android 4.2.2', 'other'],
  ['', '', 'other'],
] as const)('the id %s with type "%s" is %s', (id, type, client) => {
  expect(clientOf(id.toLowerCase(), type, false)).toBe(client);
});

test('an id listed by an enrolment as Secure Mail is Secure Mail', () => {
  expect(clientOf('ibm_ios_1', 'Apple-iPhone', true)).toBe('secure-mail');
});
