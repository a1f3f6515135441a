import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TravelerFailure } from '#adapters/traveler/failure';
import { notesCommand } from '../../../relay/notes/notes-command.ts';
import { notesReads } from '../../../relay/sources/notes-reads.ts';
import { relaySide } from '../gather/relay-side.ts';

const standIn = (mode: string, count = 3) =>
  notesReads({
    ...{ server: 'Mail01/Acme', limits: { idleMs: 1_500, lineLength: 20_000 } },
    command: [process.execPath, join(import.meta.dirname, 'notes-stand-in.ts'), mode, String(count)],
  });

async function read(mode: string, count?: number) {
  const pages = [];
  for await (const page of standIn(mode, count).pages()) pages.push(page);
  return pages;
}

test('each document is a device; what it does not say is unknown', async () => {
  const [page] = await read('well');
  expect(page?.totalRecords).toBe(3);
  expect(
    page?.devices.map(({ user, deviceId, href, lastSync, notification }) => [user, deviceId, href, lastSync, notification]),
  ).toEqual(
    [0, 1, 2].map((nth) => [
      `Zoë ${nth} Ångström/Acme`,
      `id-${nth}`,
      `/LotusTraveler.nsf/0/UNID${nth}`,
      1_760_000_000_000,
      'activesync',
    ]),
  );
  expect(page?.devices.map(({ detail }) => detail && [detail.approval, detail.access, detail.wipe, detail.wipeTypes])).toEqual([
    ['not-required', 'allow', 'none', '1'],
    ['denied', 'prohibit', 'none', '1'],
    ['not-required', 'unknown', 'unknown', ''],
  ]);
});

test('thousands of documents are read in pages, and all are sent', async () => {
  const side = await relaySide({ reads: () => standIn('well', 2_000) });
  const { failed, agreed } = await side.gather();
  expect([failed, agreed, side.cloud.rows.length]).toEqual([undefined, true, 2_000]);
  expect(side.cloud.receivedOf('gatherBegin')[0]?.server).toMatchObject({ build: '8.5', aqSupport: 'unsupported' });
});

test('a line that is not a document is counted and skipped', async () => {
  const [page] = await read('nonsense');
  expect([page?.rejected, page?.devices.length]).toEqual([1, 3]);
});

test.each([
  ['cannot use the Notes client', 'no-client', 'permanent', /Notes client cannot be used/],
  ['cannot open the database', 'no-database', 'denied', /cannot be opened/],
  ['ends with an error', 'broken', 'transient', /broke off/],
  ['does not say that it is at its end', 'no-end', 'transient', /broke off/],
  ['goes silent', 'silent', 'transient', /went silent/],
  ['prints without end', 'endless', 'transient', /without end/],
] as const)('a script that %s fails the reading with what to do', async (_, mode, kind, says) => {
  const failure: unknown = await read(mode).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TravelerFailure);
  expect(failure).toMatchObject({ kind, problem: { what: expect.stringMatching(says), remedy: expect.stringMatching(/\S/) } });
});

test('a machine without PowerShell is reported', async () => {
  const reads = notesReads({ server: 'Mail01/Acme', powershell: '/no/such/powershell.exe' });
  const failure: unknown = await reads
    .pages()
    [Symbol.asyncIterator]()
    .next()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: 'permanent', problem: { what: expect.stringContaining('ENOENT') } });
});

test('one device is found among the documents; a missing one is gone', async () => {
  const reads = standIn('well');
  const asked = { sourceId: 'hq', href: '' };
  const [found, gone] = await Promise.all([
    reads.read({ ...asked, user: 'zoë 1 ångström/acme', deviceId: 'id-1' }),
    reads.read({ ...asked, user: 'Nobody', deviceId: 'id-1' }),
  ]);
  expect(found === 'gone' ? found : found.deviceId).toBe('id-1');
  expect(gone).toBe('gone');
});

test('the shipped script has the verb and arguments, and only reads', () => {
  const script = readFileSync(join(import.meta.dirname, '../../../relay/notes/traveler-notes.ps1'), 'utf8');
  const [verb, ...values] = notesCommand('devices', { Server: 'Mail01/Acme' }, { script: 's.ps1', powershell: 'p' }).slice(8);
  expect([verb, ...values]).toEqual(['devices', '-Server', 'Mail01/Acme']);
  expect(script).toMatch(/ValidateSet\('console', 'devices'\)/);
  expect(script).toContain('[string] $Server');
  expect(script).not.toMatch(/\.(Save|Remove|RemovePermanently|ReplaceItemValue|StampAll|Send|MakeResponse|PutInFolder)\(/);
});
