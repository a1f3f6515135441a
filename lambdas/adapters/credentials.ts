/** User and password of a source, from its secret in Secrets Manager: `{"user": "...", "password": "..."}`. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { TravelerFailure } from '#adapters/traveler/failure';

const secret = z.object({ user: z.string().min(1), password: z.string().min(1) });
export type Credentials = z.infer<typeof secret>;

const keptMs = 5 * 60_000;

/** Kept for five minutes, so that a changed password is taken up soon; a failure is not kept. Throws TravelerFailure. */
export function secretCredentials(
  secretName: string,
  { client = new SecretsManagerClient({}), now = Date.now }: { client?: SecretsManagerClient; now?: () => number } = {},
): () => Promise<Credentials> {
  let kept: { value: Promise<Credentials>; until: number } | null = null;
  return () => {
    if (kept && now() < kept.until) return kept.value;
    const value = read(client, secretName);
    const entry = { value, until: now() + keptMs };
    kept = entry;
    value.catch(() => {
      if (kept === entry) kept = null;
    });
    return value;
  };
}

async function read(client: SecretsManagerClient, secretName: string): Promise<Credentials> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretName })).catch((error: unknown) => {
    throw unreadable(secretName, error);
  });
  const parsed = secret.safeParse(parseJson(SecretString ?? ''));
  if (parsed.success) return parsed.data;
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
