import { describe, expect, test } from 'vitest';
import type { ActionType } from '#domain/actions/action';
import { consoleLines, type LineRequest } from '../../../relay/domino/console-lines.ts';

const jane = { user: 'Jane Doe/Sales/Acme', deviceId: 'ApplDX3' };
const on = 'ApplDX3 Jane Doe/Sales/Acme';
const types: ActionType[] = ['approve', 'block', 'remove', 'wipe', 'cancel-wipe'];

test.each<[ActionType, Partial<LineRequest>, string[]]>([
  ['approve', {}, [`tell traveler security approval approve ${on}`]],
  [
    'approve',
    { unlock: true },
    [`tell traveler security approval approve ${on}`, `tell traveler security flagsRemove all ${on}`],
  ],
  ['block', {}, [`tell traveler security approval deny ${on}`, `tell traveler security flagsAdd lock ${on}`]],
  ['wipe', { targets: ['device'] }, [`tell traveler security flagsAdd wipeDevice ${on}`]],
  ['wipe', { targets: ['apps', 'storage-card', 'apps'] }, [`tell traveler security flagsAdd wipeApps/wipeStorageCard ${on}`]],
  ['cancel-wipe', {}, [`tell traveler security flagsRemove all ${on}`]],
  ['cancel-wipe', { lock: true }, [`tell traveler security flagsRemove all ${on}`, `tell traveler security flagsAdd lock ${on}`]],
  [
    'cancel-wipe',
    { lock: true, deny: true },
    [
      `tell traveler security flagsRemove all ${on}`,
      `tell traveler security approval deny ${on}`,
      `tell traveler security flagsAdd lock ${on}`,
    ],
  ],
  ['remove', {}, [`tell traveler security delete ${on}`, `tell traveler delete ${on}`]],
])('%s %o is said in exactly these lines', (type, options, lines) => {
  expect(consoleLines(type, { ...jane, ...options })).toEqual({ lines });
});

test('a wipe without targets is never sent: it would set no flags', () => {
  expect(consoleLines('wipe', jane)).toMatchObject({ refused: { what: expect.stringContaining('nothing to wipe') } });
});

const hostileIds = [
  '*',
  'ApplDX3*',
  '',
  ' ',
  'Appl DX3',
  ' ApplDX3',
  'ApplDX3 ',
  '"ApplDX3"',
  "'ApplDX3'",
  'a;b',
  'a|b',
  'a&b',
  '$(reboot)',
  '`reboot`',
  '%PATH%',
  'a\nb',
  'a\r\ntell http quit',
  'a\u2028b',
  'a\0b',
  'a\tb',
  'Gerät',
  '設備',
  'a/b',
  'a\\b',

  'x'.repeat(129),
  '{line}',
];
const hostileUsers = [
  '*',
  '*/Acme',
  '',
  '   ',
  ' Jane Doe/Acme',
  'Jane Doe/Acme ',
  'Jane\nDoe/Acme',
  'Jane Doe/Acme\r\ntell http quit',
  'Jane\u2028Doe/Acme',
  'Jane\u2029Doe/Acme',
  'Jane\0Doe/Acme',
  'Jane\u0085Doe/Acme',
  'Jane\u007fDoe/Acme',
  '"Jane Doe"/Acme',
  'Jane Doe/Acme; tell http quit',
  'Jane \ud800 Doe/Acme',
  'x'.repeat(513),
];

describe('what could be taken for more than a name', () => {
  test.each(hostileIds)('no line is built with the id %j', (deviceId) => {
    for (const type of types) {
      const built = consoleLines(type, { ...jane, deviceId, targets: ['device'] });
      expect(built).toEqual({ refused: { what: expect.stringContaining('id of this device'), remedy: expect.any(String) } });
      if (deviceId.trim() !== '') expect(JSON.stringify(built)).not.toContain(JSON.stringify(deviceId).slice(1, -1));
    }
  });

  test.each(hostileUsers)('no line is built with the user %j', (user) => {
    for (const type of types)
      expect(consoleLines(type, { ...jane, user, targets: ['device'] })).toEqual({
        refused: { what: expect.stringContaining("device's user"), remedy: expect.any(String) },
      });
  });

  test.each([
    "Siân O'Brien/R&D/Acme",
    'Jürgen  Weiß/Zürich + Genève/Straße',
    'Doe, Jane (ext.)/Acme',
    '山田 さくら/営業/Acme',
    'محمد العلي/Acme',
    '👩‍💻 Chidi/Acme',
    '$(whoami)/Acme',
    '-c/Acme',
    '{line}/Acme',
  ])('the user %s is a name, and is spelled as on the server', (user) => {
    const built = consoleLines('approve', { ...jane, user });
    expect(built).toEqual({ lines: [`tell traveler security approval approve ApplDX3 ${user}`] });
  });
});
