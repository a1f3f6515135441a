/** User and password of a source, from its secret in Secrets Manager: `{"user": "...", "password": "..."}`. */
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import type { Credentials, CredentialsReader } from '#adapters/traveler/contract';
import { TravelerFailure } from '#adapters/traveler/failure';

const secret = z.object({ user: z.string().min(1), password: z.string().min(1) });

const keptMs = 5 * 60_000;
/** Rejected credentials are read again, but not for each request. */
const rereadAfterMs = 10_000;

/** Cached for five minutes, so that a changed password is used soon; a failure is not cached. Throws TravelerFailure. */
export function secretCredentials(
  secretName: string,
  { client = new SecretsManagerClient({}), now = Date.now }: { client?: SecretsManagerClient; now?: () => number } = {},
): CredentialsReader {
  let kept: { value: Promise<Credentials>; at: number } | null = null;
  return ({ anew } = { anew: false }) => {
    if (kept && now() < kept.at + (anew ? rereadAfterMs : keptMs)) return kept.value;
    const value = read(client, secretName);
    const entry = { value, at: now() };
    kept = entry;
    value.catch(() => {
      if (kept === entry) kept = null;
    });
    return value;
  };
}

/**
 * The current version of a secret, without its text: shows whether it was changed. Null when Secrets Manager names none.
 * Throws TravelerFailure.
 */
export async function secretVersion(secretName: string, client: SecretsManagerClient): Promise<string | null> {
  const { VersionIdsToStages = {} } = await client
    .send(new DescribeSecretCommand({ SecretId: secretName }))
    .catch((error: unknown) => {
      throw unreadable(secretName, error);
    });
  return Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes('AWSCURRENT')) ?? null;
}

async function read(client: SecretsManagerClient, secretName: string): Promise<Credentials> {
  const { SecretString, VersionId } = await client
    .send(new GetSecretValueCommand({ SecretId: secretName }))
    .catch((error: unknown) => {
      throw unreadable(secretName, error);
    });
  const parsed = secret.safeParse(parseJson(SecretString ?? ''));
  if (parsed.success) return { ...parsed.data, ...(VersionId === undefined ? {} : { version: VersionId }) };
  throw new TravelerFailure('permanent', {
    what: `The secret ${secretName} does not hold a user and a password`,
    where: 'Secrets Manager',
    remedy: 'Store it as JSON: {"user": "...", "password": "..."}.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lasting = new Set(['ResourceNotFoundException', 'AccessDeniedException', 'InvalidRequestException', 'DecryptionFailure']);

function unreadable(secretName: string, cause: unknown): TravelerFailure {
  const name = cause instanceof Error ? cause.name : 'unknown error';
  return new TravelerFailure(
    lasting.has(name) ? 'permanent' : 'transient',
    {
      what: `The secret ${secretName} could not be read (${name})`,
      where: 'Secrets Manager',
      remedy: 'Check that it exists under this name in this region and account, and that the function may read it.',
    },
    { cause },
  );
}
