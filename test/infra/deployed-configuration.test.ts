import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigurationError, readDeployedConfiguration } from '#infra/cloud/deployed-configuration';

const directory = mkdtempSync(join(tmpdir(), 'traveler-extender-configuration-'));
afterAll(() => rmSync(directory, { recursive: true }));

function written(content: unknown): string {
  const file = join(directory, 'configuration.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
function refusalOf(content: unknown): string {
  try {
    readDeployedConfiguration(written(content));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
const source = (change: object = {}) => ({
  id: 'cloud',
  kind: 'smartcloud',
  url: 'https://mail.example.com',
  credentials: { secretName: 'traveler-extender/cloud' },
  ...change,
});

describe('a deployment takes the configuration file of the local stack, without its passwords', () => {
  test('a file that names its secrets is accepted, with the defaults filled in', () => {
    const configuration = readDeployedConfiguration(written({ sources: [source()] }));
    expect(configuration).toMatchObject({
      gatherEveryMinutes: 15,
      guard: { maxDevices: 50 },
      sources: [{ enforcement: 'server' }],
    });
  });

  test('the example in the docs can be deployed unchanged', () => {
    const example = fileURLToPath(new URL('../../docs/configuration.example.json', import.meta.url));
    expect(readDeployedConfiguration(example).sources).toHaveLength(1);
  });

  test('every password and token is rejected by its path, and none is repeated', () => {
    const message = refusalOf({
      sources: [
        source({ credentials: { user: 'admin', password: 'tr0ub4dor' } }),
        source({ id: 'second' }),
        source({ id: 'third', credentials: { user: 'admin', password: 'h0rse' } }),
      ],
      portal: { url: 'https://portal.example.com', token: 'st4ple' },
    });
    expect(message).toContain('sources[0].credentials.password: a password in clear text');
    expect(message).toContain('sources[2].credentials.password: a password in clear text');
    expect(message).toContain('portal.token: a token in clear text');
    expect(message).toContain('secretName');
    expect(message).not.toMatch(/tr0ub4dor|h0rse|st4ple|sources\[1\]/);
    expect(message.split('\n')).toHaveLength(4);
  });

  test('all other errors are in the same message', () => {
    const message = refusalOf({
      sources: [source({ id: 'Not Allowed', credentials: { user: 'admin', password: 'x' } })],
      gatherEveryMinutes: 0,
      settings: { devicesPerUser: -1 },
    });
    for (const path of ['sources[0].id', 'sources[0].credentials.password', 'gatherEveryMinutes', 'settings.devicesPerUser'])
      expect(message).toContain(`  ${path}: `);
  });

  test('a missing file, or one that is not JSON, is named', () => {
    expect(() => readDeployedConfiguration(join(directory, 'absent.json'))).toThrow(/no configuration file at .*absent\.json/);
    const torn = refusalOf('{ "password": "tr0ub4dor" "sources": [');
    expect(torn).toContain('is not valid JSON');
    expect(torn).not.toContain('tr0ub4dor');
  });
});
