/** A configuration with mistakes: all of them at once, each with its path, and never a password. */
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { runMain, temporaryFolder } from '../fixtures/stack.ts';

const folder = temporaryFolder();
afterAll(folder.remove);

test('every mistake is named with its path, and the start fails', async () => {
  const file = `${folder.path}/bad.json`;
  writeFileSync(
    file,
    JSON.stringify({
      sources: [
        { id: 'Bad Id', kind: 'smartcloud', url: 'ftp://x', credentials: { user: 'u', password: '' } },
        { id: 'b', kind: 'imap' },
      ],
      gatherEveryMinutes: 'often',
      settings: { requireApproval: 'maybe', devicesPerUser: -1 },
      unheardOf: true,
    }),
  );
  const { code, output } = await runMain(['--config', file, '--data', `${folder.path}/data`]);
  expect(code).not.toBe(0);
  expect(code).not.toBeNull();
  for (const path of [
    'sources[0].id',
    'sources[0].url',
    'sources[0].credentials',
    'sources[1].kind',
    'gatherEveryMinutes',
    'settings.requireApproval',
    'settings.devicesPerUser',
    'unheardOf',
  ])
    expect(output).toContain(path);
  expect(output).toContain('"often"');
});

test('a configuration that is missing or not JSON is reported as such', async () => {
  const file = `${folder.path}/broken.json`;
  writeFileSync(file, '{ "sources": [');
  const broken = await runMain(['--config', file, '--data', `${folder.path}/data`]);
  expect(broken.code).not.toBe(0);
  expect(broken.output).toMatch(/JSON/);
  const absent = await runMain(['--config', `${folder.path}/absent.json`, '--data', `${folder.path}/data`]);
  expect(absent.code).not.toBe(0);
  expect(absent.output).toContain('absent.json');
});
