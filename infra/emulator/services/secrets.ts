/**
 * Secrets Manager: GetSecretValue, DescribeSecret and PutSecretValue (so that a password can be corrected while everything runs)
 * over the real protocol, from a file in the data folder that only its owner may read.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { SecretResource } from '#infra/emulator/model';
import { readStored, replaceStored } from '../stored-file.ts';
import { secretArn } from '../template/identities.ts';
import type { Need } from './authorise.ts';
import { keyNeed, Unreadable } from './required-permissions.ts';
import { type Answer, jsonAnswer, ServiceError } from './wire.ts';

const stored = z.record(z.string(), z.strictObject({ value: z.string(), versionId: z.string(), createdAt: z.number() }));
const storedSecrets = {
  schema: stored,
  holds: 'the secrets of this stack',
  remedy: 'passwords come from the configuration at the next start, generated secrets are new, and relays must enrol again.',
};
const askedFor = z.looseObject({ SecretId: z.string() });
const put = z.looseObject({ SecretString: z.string().min(1) });

type Secret = z.infer<typeof stored>[string];

const operations: Record<string, ((found: Secret) => Record<string, unknown>) | undefined> = {
  GetSecretValue: ({ value, versionId }) => ({ VersionId: versionId, SecretString: value, VersionStages: ['AWSCURRENT'] }),
  PutSecretValue: ({ versionId }) => ({ VersionId: versionId, VersionStages: ['AWSCURRENT'] }),
  DescribeSecret: ({ versionId }) => ({ VersionIdsToStages: { [versionId]: ['AWSCURRENT'] } }),
};

export type Secrets = {
  call(operation: string, body: unknown): Promise<Answer>;
  needs(operation: string, body: unknown): Need[];
  /** Sets the secret of that name; setting the same value again changes nothing. */
  seed(name: string, value: string): Promise<void>;
  /** Creates its value if it has none. */
  ensure(name: string, make: () => string): Promise<void>;
};

/** `resources`: those of the template, for the keys that encrypt them. Throws StartError if the file cannot be read. */
export function openSecrets(dataDir: string, resources: readonly SecretResource[]): Secrets {
  const file = join(dataDir, 'secrets.json');
  let secrets = readStored(file, storedSecrets) ?? {};
  let writing = Promise.resolve();

  /** Serialises writes; `next` returns null if nothing is to change. */
  function write(name: string, next: (present: string | undefined) => string | null): Promise<void> {
    const done = writing.then(async () => {
      const value = next(secrets[name]?.value);
      if (value === null) return;
      const versionId = createHash('sha256').update(`${name}\n${value}`).digest('hex').slice(0, 32);
      const changed = { ...secrets, [name]: { value, versionId, createdAt: Math.floor(Date.now() / 1000) } };
      await replaceStored(file, JSON.stringify(changed));
      secrets = changed;
    });
    writing = done.catch(() => undefined);
    return done;
  }

  return {
    async call(operation, body) {
      const answer = operations[operation];
      if (!answer)
        throw new ServiceError(
          'UnknownOperationException',
          `The local secret store answers ${Object.keys(operations).join(', ')}, not ${operation}.`,
        );
      const name = nameOf(body);
      if (operation === 'PutSecretValue' && secrets[name]) await write(name, () => newValue(body));
      const found = secrets[name];
      if (!found) throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
      return jsonAnswer('secretsmanager', { ARN: secretArn(name), Name: name, CreatedDate: found.createdAt, ...answer(found) });
    },
    needs(operation, body) {
      const resource = secretArn(nameOf(body));
      const keyArn = resources.find(({ arn }) => arn === resource)?.keyArn;
      const action = `secretsmanager:${operation}`;
      return [{ action, resource }, ...(keyArn ? [keyNeed('Decrypt', keyArn, 'secretsmanager')] : [])];
    },
    seed: (name, value) => write(name, (present) => (present === value ? null : value)),
    ensure: (name, make) => write(name, (present) => (present === undefined ? make() : null)),
  };
}

function newValue(body: unknown): string {
  const parsed = put.safeParse(body);
  if (!parsed.success) throw new ServiceError('InvalidParameterException', 'SecretString is missing');
  return parsed.data.SecretString;
}

/** A secret is requested by name, by its whole ARN, or by its ARN without the last six characters. */
function nameOf(body: unknown): string {
  const parsed = askedFor.safeParse(body);
  if (!parsed.success) throw new Unreadable('SecretId is missing');
  const { SecretId } = parsed.data;
  const [, name] = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+)$/.exec(SecretId) ?? [];
  if (name === undefined) return SecretId;
  const withoutSuffix = name.replace(/-[^-]{6}$/, '');
  return secretArn(withoutSuffix) === SecretId ? withoutSuffix : name;
}
