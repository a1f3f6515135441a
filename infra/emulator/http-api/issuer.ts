/**
 * The local stack's token issuer, in place of the Cognito user pool that the template's JWT authoriser names.
 * Its key is in the data directory, readable by its owner only, so that tokens survive a restart.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import { z } from 'zod';
import type { Authorizer } from '#infra/emulator/model';
import { readStored, replaceStored } from '../stored-file.ts';
import type { Claims } from './request-event.ts';

/** The only algorithm that API Gateway's JWT authorisers accept. */
const algorithm = 'RS256';
const storedKey = {
  schema: z.looseObject({ kty: z.literal('RSA'), n: z.string(), e: z.string(), d: z.string() }),
  holds: 'the key that signs access tokens',
  remedy: 'the next start makes a new one, and earlier access links stop working.',
};
const lifetimeSeconds = 30 * 24 * 60 * 60;

/** `claims`: in addition to those of every token. */
export type Minted = { subject?: string; lifetimeSeconds?: number; claims?: Record<string, string> };
export type Issuer = {
  mint(authorizer: Authorizer, given?: Minted): Promise<string>;
  /** The token's claims, or why API Gateway would reject it. */
  verify(authorizer: Authorizer, token: string): Promise<{ claims: Claims } | { refused: string }>;
};

/** Throws StartError if the key exists and cannot be read. */
export async function localIssuer(dataDir: string): Promise<Issuer> {
  const jwk = await keyOf(join(dataDir, 'issuer.json'));
  const { kty, n, e } = jwk;
  const kid = await calculateJwkThumbprint(jwk);
  const privateKey = await importJWK(jwk, algorithm);
  const publicKey = await importJWK({ kty, n, e } as JWK, algorithm);

  return {
    mint({ issuer, audience }, given = {}) {
      const now = Math.floor(Date.now() / 1000);
      const subject = given.subject ?? 'local';
      return new SignJWT({ token_use: 'id', 'cognito:username': subject, ...given.claims })
        .setProtectedHeader({ alg: algorithm, kid })
        .setIssuer(issuer)
        .setAudience(audience[0] ?? '')
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + (given.lifetimeSeconds ?? lifetimeSeconds))
        .sign(privateKey);
    },
    async verify(authorizer, token) {
      try {
        const options = { algorithms: [algorithm], issuer: authorizer.issuer, requiredClaims: ['exp'] };
        const { payload } = await jwtVerify(token, publicKey, options);
        return audienceFits(payload, authorizer) ? { claims: asStrings(payload) } : refusal('does not have a valid audience');
      } catch (error) {
        return refusal(reasonOf(error));
      }
    },
  };
}

const refusal = (reason: string) => ({ refused: `the token ${reason}` });

async function keyOf(file: string): Promise<JWK> {
  const found = readStored(file, storedKey);
  if (found) return found;
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(privateKey);
  await replaceStored(file, JSON.stringify(jwk));
  return jwk;
}

/** Checks `aud` if there is one, else `client_id` (Cognito's access tokens). */
function audienceFits({ aud, client_id }: JWTPayload, { audience }: Authorizer): boolean {
  const given = [aud ?? client_id].flat();
  return given.some((one) => typeof one === 'string' && audience.includes(one));
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') return 'does not have a valid issuer';
  if (error instanceof errors.JWTClaimValidationFailed) return `does not have a valid ${error.claim}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'has an invalid signature';
  return 'is malformed';
}

/** API Gateway passes claims as strings; a list becomes `[a b]`. */
function asStrings(payload: JWTPayload): Claims {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [name, Array.isArray(value) ? `[${value.join(' ')}]` : String(value)]),
  );
}
