/**
 * Signs and verifies the statements by which relay and cloud authenticate (claims and times: domain/relay/relay-identity.ts). Compact
 * JWS, only `alg: EdDSA` with Ed25519 keys; `kid` is the key's JWK thumbprint (RFC 7638). The caller must still check that the
 * nonce (`jti`) of an accepted statement was not used before.
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, decodeJwt, errors, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import {
  connectClaims,
  type PublicKey,
  proofClaims,
  publicKey,
  type RelayRecord,
  rotateAudience,
  rotateClaims,
  type rotationRequest,
  statementLifeSeconds,
} from '#domain/relay/relay-identity';

const alg = 'EdDSA';

/** An Ed25519 key as JWK, including the private part (`d`). Secret. */
export const privateKey = publicKey.extend({ d: z.string().regex(/^[\w-]{43}$/, 'an Ed25519 private key') });
export type PrivateKey = z.infer<typeof privateKey>;

export async function generateKey(): Promise<PrivateKey> {
  const pair = await generateKeyPair(alg, { crv: 'Ed25519', extractable: true });
  return privateKey.parse(await exportJWK(pair.privateKey));
}

export const publicPart = ({ kty, crv, x }: PrivateKey): PublicKey => ({ kty, crv, x });

export const keyId = ({ kty, crv, x }: PublicKey): Promise<string> => calculateJwkThumbprint({ kty, crv, x });

/** `now`: epoch ms by the cloud's clock if it is known, else by the signer's; `nonce`: random, 16 to 200 characters. */
type StatementFields = { relayId: string; socketUrl: string; now: number; nonce: string };

const seconds = (ms: number) => Math.floor(ms / 1_000);
const timed = (now: number) => ({ iat: seconds(now), exp: seconds(now) + statementLifeSeconds });

async function signed(claims: Record<string, unknown>, key: PrivateKey): Promise<string> {
  const header = { alg, kid: await keyId(key) };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key, alg));
}

/** For the Authorization header of the socket's handshake. */
export function connectStatement(key: PrivateKey, { relayId, socketUrl, now, nonce }: StatementFields): Promise<string> {
  return signed({ iss: relayId, aud: socketUrl, jti: nonce, ...timed(now) }, key);
}

/** The body of POST /relay/keys: the same claims, signed by the current key and by the next one. */
export async function rotationStatement(
  { current, next }: { current: PrivateKey; next: PrivateKey },
  { relayId, socketUrl, now, nonce }: StatementFields,
): Promise<z.infer<typeof rotationRequest>> {
  const claims = { iss: relayId, aud: rotateAudience(socketUrl), jti: nonce, key: publicPart(next), ...timed(now) };
  return { statement: await signed(claims, current), proofOfNew: await signed(claims, next) };
}

/**
 * Why a statement is rejected. `malformed`: not a compact JWS with the required claims; `algorithm`: not EdDSA; `unknown-key`:
 * signed by none of the valid keys; `signature`: altered; `relay`: of another relay; `audience`: for another audience;
 * `expired`, `early`: more than 60 s behind or ahead; `new-key`: the new key did not sign the same claims.
 */
export type Refusal =
  | 'malformed'
  | 'algorithm'
  | 'unknown-key'
  | 'signature'
  | 'relay'
  | 'audience'
  | 'expired'
  | 'early'
  | 'new-key';
export type Checked<C> = { ok: true; claims: C } | { ok: false; why: Refusal };
const refused = (why: Refusal) => ({ ok: false, why }) as const;

/** The relay that a statement claims to be from, to look up its keys. Not verified. */
export function claimedRelay(statement: string): string | null {
  try {
    return decodeJwt(statement).iss ?? null;
  } catch {
    return null;
  }
}

type Expected = { relay: Pick<RelayRecord, 'relayId' | 'keys'>; socketUrl: string; now: number };

/** A relay's keys are valid until their `until`, so that a rotation disconnects no relay. */
export function checkConnect(
  statement: string,
  { relay, socketUrl, now }: Expected,
): Promise<Checked<z.infer<typeof connectClaims>>> {
  return checkStatement(statement, { relay, audience: socketUrl, now, claims: connectClaims });
}

/** The claims contain the new key. */
export async function checkRotation(
  { statement, proofOfNew }: z.infer<typeof rotationRequest>,
  { relay, socketUrl, now }: Expected,
): Promise<Checked<z.infer<typeof rotateClaims>>> {
  const old = await checkStatement(statement, { relay, audience: rotateAudience(socketUrl), now, claims: rotateClaims });
  if (!old.ok) return old;
  const fresh = await opened(proofOfNew, { keyOf: () => old.claims.key, claims: rotateClaims });
  return fresh.ok && JSON.stringify(fresh.claims) === JSON.stringify(old.claims) ? old : refused('new-key');
}

type Statement<S> = { relay: Expected['relay']; audience: string; now: number; claims: S };

async function checkStatement<C extends z.infer<typeof connectClaims>>(
  statement: string,
  { relay, audience, now, claims: schema }: Statement<z.ZodType<C>>,
): Promise<Checked<C>> {
  const valid = relay.keys.filter(({ until }) => until === null || now < until);
  const keyOf = (kid: string | undefined) => valid.find((key) => key.kid === kid)?.key;
  const read = await opened(statement, { keyOf, claims: schema });
  if (!read.ok) return read;
  const { iss, aud, iat, exp } = read.claims;
  const age = now / 1_000 - iat;
  if (iss !== relay.relayId) return refused('relay');
  if (aud !== audience) return refused('audience');
  if (age < -statementLifeSeconds) return refused('early');
  if (age > statementLifeSeconds || exp - iat > statementLifeSeconds) return refused('expired');
  return read;
}

type Opening<S> = { keyOf: (kid: string | undefined) => PublicKey | undefined; claims: S };

async function opened<C>(statement: string, { keyOf, claims: schema }: Opening<z.ZodType<C>>): Promise<Checked<C>> {
  try {
    const { payload } = await compactVerify(
      statement,
      async ({ kid, alg: given }) => {
        const key = keyOf(kid);
        if (given !== alg) throw new errors.JOSEAlgNotAllowed('not EdDSA');
        if (!key) throw new errors.JWKSNoMatchingKey();
        return importJWK(key, alg);
      },
      { algorithms: [alg] },
    );
    const claims = schema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    return claims.success ? { ok: true, claims: claims.data } : refused('malformed');
  } catch (cause) {
    return refused(refusalOf(cause));
  }
}

function refusalOf(cause: unknown): Refusal {
  if (cause instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (cause instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (cause instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
  return 'malformed';
}

type Challenge = { relayId: string; socketUrl: string; challenge: string };

/**
 * The cloud's own key, derived from one secret text (32 characters or more): the same text gives the same identity, and nothing
 * else needs to be stored. HKDF-SHA-256 derives the Ed25519 seed.
 */
export function cloudIdentity(secretText: string): {
  publicKey: PublicKey;
  proofFor(challenge: Challenge & { now: number }): Promise<string>;
} {
  if (secretText.length < 32) throw new Error('The relay secret is too short: it needs 32 random characters or more.');
  const seed = Buffer.from(hkdfSync('sha256', secretText, '', 'traveler-extender: key of the cloud towards its relays', 32));
  const key = keyOfSeed(seed);
  return {
    publicKey: publicPart(key),
    proofFor: ({ relayId, socketUrl, challenge, now }) =>
      signed({ iss: socketUrl, aud: relayId, nonce: challenge, ...timed(now) }, key),
  };
}

/** RFC 8410: the fixed header of a PKCS #8 structure with an Ed25519 seed. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyOfSeed(seed: Buffer): PrivateKey {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  return privateKey.parse({ ...createPublicKey(key).export({ format: 'jwk' }), d: seed.toString('base64url') });
}

/**
 * Whether the cloud that enrolled this relay answered this challenge. The times in the proof are not checked: the challenge is
 * new for each connection, and the relay's own clock may be wrong.
 */
export async function checkProof(
  proof: string,
  { cloudKey, ...expected }: Challenge & { cloudKey: PublicKey },
): Promise<boolean> {
  const read = await opened(proof, { keyOf: () => cloudKey, claims: proofClaims });
  if (!read.ok) return false;
  const { iss, aud, nonce } = read.claims;
  return iss === expected.socketUrl && aud === expected.relayId && nonce === expected.challenge;
}
