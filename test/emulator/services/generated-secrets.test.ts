/** Secrets that the template lets Secrets Manager generate: from the template's properties to what a function receives. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GeneratedSecret, Model } from '#infra/emulator/model';
import { generate } from '#infra/emulator/services/generate-secret';
import { aStack, complaintsOf, modelOf } from '../template/documents.ts';
import { aFolder, aFunction, allow, keyArn, startStack } from './stack.ts';

const secret = (GenerateSecretString: object, more: object = {}) =>
  aStack('Main', { Relays: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString, ...more } } });
const generatedOf = (properties: object) => modelOf(secret(properties)).secrets[0]?.generated as GeneratedSecret;

describe('the template', () => {
  test('says which characters are allowed, as Secrets Manager reads it', () => {
    expect(generatedOf({})).toMatchObject({ length: 32, requiresEach: true, within: null });
    expect(generatedOf({}).kinds.map(({ length }) => length)).toEqual([26, 26, 10, 32]);
    const properties = { ExcludeCharacters: 'abc0', ExcludePunctuation: true, ExcludeUppercase: true, PasswordLength: 12 };
    expect(generatedOf(properties)).toMatchObject({ length: 12, kinds: ['defghijklmnopqrstuvwxyz', '123456789'] });
  });

  test('names a secret without a value to generate: people set it', () => {
    const stack = aStack('Main', { Given: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'portal' } } });
    expect(modelOf(stack).secrets).toMatchObject([{ name: 'portal', generated: null }]);
  });

  test('with unknown properties is rejected', () => {
    expect(complaintsOf(secret({ Alphabet: 'x' }))).toEqual([
      'Main Relays AWS::SecretsManager::Secret GenerateSecretString.Alphabet: this property is not understood',
    ]);
    expect(complaintsOf(secret({ GenerateStringKey: 'password' }))).toEqual([
      'Main Relays AWS::SecretsManager::Secret GenerateSecretString: a template and the key that is filled in it come together',
    ]);
  });
});

describe('a generated value', () => {
  test('has its length, only allowed characters, and one of each kind', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 64 }), fc.boolean(), (length, ExcludePunctuation) => {
        const wanted = generatedOf({ PasswordLength: length, ExcludePunctuation, ExcludeCharacters: 'aA0"' });
        const value = generate(wanted);
        expect(value).toHaveLength(length);
        for (const character of value) expect(wanted.kinds.join('')).toContain(character);
        for (const kind of wanted.kinds) expect([...value].some((character) => kind.includes(character))).toBe(true);
      }),
    );
  });

  test('is never the same twice', () => {
    const wanted = generatedOf({});
    expect(new Set(Array.from({ length: 100 }, () => generate(wanted))).size).toBe(100);
  });

  test('goes into a JSON text where the template gives one', () => {
    const properties = { SecretStringTemplate: '{"user":"relay"}', GenerateStringKey: 'password' };
    expect(JSON.parse(generate(generatedOf(properties)))).toEqual({ user: 'relay', password: expect.stringMatching(/^.{32}$/) });
  });

  test('cannot be made from an empty alphabet', () => {
    expect(() => generate({ length: 8, kinds: [], requiresEach: true, within: null })).toThrow('no secret can be generated');
    expect(() => generate({ length: 1, kinds: ['a', 'b'], requiresEach: true, within: null })).toThrow('no secret');
  });
});

describe('the local secret store', () => {
  let folder: { path: string; remove(): Promise<void> };
  beforeEach(async () => {
    folder = await aFolder();
  });
  afterEach(() => folder.remove());

  const [relays] = modelOf(secret({ ExcludePunctuation: true })).secrets;
  const arn = relays?.arn ?? '';
  const read = new GetSecretValueCommand({ SecretId: arn });
  const withSecret = (more: object) => (model: Model) => ({ ...model, secrets: relays ? [{ ...relays, ...more }] : [] });

  test('generates a value once and keeps it over restarts, readable by its owner', async () => {
    const values: (string | undefined)[] = [];
    for (let start = 0; start < 2; start++) {
      const stack = await startStack(folder.path, { change: withSecret({}) });
      values.push((await stack.as('operator').secrets.send(read)).SecretString);
      await stack.stop();
    }
    expect(values[0]).toMatch(/^[a-zA-Z0-9]{32}$/);
    expect(values[1]).toBe(values[0]);
    const file = join(folder.path, 'services', 'secrets.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain(values[0]);
  });

  test('stores a new value while running, as a new version', async () => {
    const put = (SecretString: string) => new PutSecretValueCommand({ SecretId: arn, SecretString });
    const stack = await startStack(folder.path, { functions: [aFunction('reader', [])], change: withSecret({}) });
    const { secrets } = stack.as('operator');
    const before = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    const { VersionId = '' } = await secrets.send(put('corrected'));
    expect(Object.keys(before.VersionIdsToStages ?? {})).not.toContain(VersionId);
    expect(await secrets.send(read)).toMatchObject({ SecretString: 'corrected', VersionId });
    await expect(stack.as('reader').secrets.send(put('by a function'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const unknown = new PutSecretValueCommand({ SecretId: 'nobody', SecretString: 'x' });
    await expect(secrets.send(unknown)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await stack.stop();
    const again = await startStack(folder.path, { change: withSecret({}) });
    expect((await again.as('operator').secrets.send(read)).SecretString).toBe('corrected');
    await again.stop();
  });

  test('requires permission for the encryption key too', async () => {
    const reads = allow(['secretsmanager:GetSecretValue'], [arn]);
    const via = (service: string) => ({ StringEquals: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` } });
    const functions = [
      aFunction('keyless', [reads]),
      aFunction('wrong-way', [reads, allow(['kms:Decrypt'], [keyArn], via('dynamodb'))]),
      aFunction('trusted', [reads, allow(['kms:Decrypt'], [keyArn], via('secretsmanager'))]),
    ];
    const stack = await startStack(folder.path, { functions, change: withSecret({ keyArn }) });
    const denied = { name: 'AccessDeniedException', message: expect.stringContaining(`kms:Decrypt on resource: ${keyArn}`) };
    await expect(stack.as('keyless').secrets.send(read)).rejects.toMatchObject(denied);
    await expect(stack.as('wrong-way').secrets.send(read)).rejects.toMatchObject(denied);
    expect((await stack.as('trusted').secrets.send(read)).SecretString).toHaveLength(32);
    await stack.stop();
  });
});
