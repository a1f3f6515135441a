import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { secretCredentials, secretVersion } from '#adapters/credentials';
import { failureOf } from '#test/adapters/traveler/connected';

const jane = { user: 'Jane Doe/Acme', password: 'geheim–秘密' };

function secretsManager() {
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  return { client, mock: mockClient(client) };
}

test('the secret is read once per five minutes, also by concurrent callers', async () => {
  const { client, mock } = secretsManager();
  mock.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify(jane) });
  let now = 0;
  const credentials = secretCredentials('cloud', { client, now: () => now });
  expect(await Promise.all([credentials(), credentials()])).toEqual([jane, jane]);
  now = 299_999;
  await credentials();
  expect(mock.calls()).toHaveLength(1);
  now = 300_000;
  await credentials();
  expect(mock.commandCalls(GetSecretValueCommand).map((call) => call.args[0].input)).toEqual([
    { SecretId: 'cloud' },
    { SecretId: 'cloud' },
  ]);
});

test('rejected credentials are read again, but not for each request', async () => {
  const { client, mock } = secretsManager();
  mock
    .on(GetSecretValueCommand)
    .resolvesOnce({ SecretString: JSON.stringify(jane), VersionId: 'one' })
    .resolves({ SecretString: JSON.stringify({ ...jane, password: 'right' }), VersionId: 'two' });
  let now = 0;
  const credentials = secretCredentials('cloud', { client, now: () => now });
  expect(await credentials()).toEqual({ ...jane, version: 'one' });
  now = 9_999;
  expect(await credentials({ anew: true })).toEqual({ ...jane, version: 'one' });
  now = 10_000;
  expect(await credentials({ anew: true })).toEqual({ ...jane, password: 'right', version: 'two' });
  expect(await credentials()).toMatchObject({ version: 'two' });
});

test('the current version is read without reading the secret', async () => {
  const { client, mock } = secretsManager();
  mock.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { old: ['AWSPREVIOUS'], new: ['AWSCURRENT', 'mine'] } });
  expect(await secretVersion('cloud', client)).toBe('new');
  expect(mock.commandCalls(GetSecretValueCommand)).toEqual([]);
});

test('a failure is not cached: the next read may succeed', async () => {
  const { client, mock } = secretsManager();
  mock
    .on(GetSecretValueCommand)
    .rejectsOnce(new Error('socket closed'))
    .resolves({ SecretString: JSON.stringify(jane) });
  const credentials = secretCredentials('cloud', { client });
  expect((await failureOf(credentials())).kind).toBe('transient');
  expect(await credentials()).toEqual(jane);
});

test('a missing secret is named, and the failure waits for a person', async () => {
  const { client, mock } = secretsManager();
  mock.on(GetSecretValueCommand).rejects(new ResourceNotFoundException({ message: 'no', $metadata: {} }));
  const failure = await failureOf(secretCredentials('cloud', { client })());
  expect(failure).toMatchObject({
    kind: 'permanent',
    problem: { what: expect.stringContaining('The secret cloud could not be read') },
  });
});

test.each(['', 'plain text', '{"user":"x"}', '{"user":"","password":"p"}', '[]'])(
  'a secret holding %j is rejected, and no message contains its text',
  async (text) => {
    const { client, mock } = secretsManager();
    mock.on(GetSecretValueCommand).resolves({ SecretString: text });
    const failure = await failureOf(secretCredentials('cloud', { client })());
    expect(failure.kind).toBe('permanent');
    expect(failure.message).not.toContain('plain text');
  },
);
