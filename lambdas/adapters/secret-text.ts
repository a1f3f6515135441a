/** The text of a secret in Secrets Manager, cached for five minutes so that a changed one is used soon. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { z } from 'zod';
import { ServiceFailure } from '#adapters/service-failure';

const keptMs = 5 * 60_000;

type Options = { client?: SecretsManagerClient; now?: () => number };

/** A failure is not cached. Throws ServiceFailure. */
export function secretText(secretName: string, { client = new SecretsManagerClient({}), now = Date.now }: Options = {}) {
  let kept: { text: string; until: number } | null = null;
  return async (): Promise<string> => {
    if (kept && now() < kept.until) return kept.text;
    const text = await read(client, secretName);
    kept = { text, until: now() + keptMs };
    return text;
  };
}

/** Like `secretText`, for a secret that is JSON of this schema. */
export function secretJson<T extends z.ZodType>(schema: T, secretName: string, options: Options = {}) {
  const text = secretText(secretName, options);
  return async (): Promise<z.output<T>> => {
    const parsed = schema.safeParse(jsonOf(await text()));
    if (parsed.success) return parsed.data;
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(', ') || 'the whole';
    throw new ServiceFailure('permanent', {
      what: `The secret ${secretName} does not hold what is needed: ${fields}`,
      where: 'Secrets Manager',
      remedy: 'Store it as JSON with these fields (docs/maas360.md, docs/portal.md).',
    });
  };
}

async function read(client: SecretsManagerClient, secretName: string): Promise<string> {
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretName }));
    return SecretString;
  } catch (cause) {
    throw new ServiceFailure(
      'transient',
      {
        what: `The secret ${secretName} could not be read (${cause instanceof Error ? cause.name : 'unknown error'})`,
        where: 'Secrets Manager',
        remedy: 'Check that it exists under this name in this region and account, and that the function may read it.',
      },
      { cause },
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
