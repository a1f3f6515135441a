/**
 * The identity of a relay, and how it and its cloud authenticate to each other. Statements are compact JWS (JWT), signed with
 * Ed25519 (`alg: EdDSA`); keys are sent as JWK. Pure: adapters/relay-identity.ts signs and verifies.
 */
import { z } from 'zod';

/** Public half of an Ed25519 key, as JWK (RFC 8037). */
export const publicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[\w-]{43}$/, 'an Ed25519 public key'),
});
export type PublicKey = z.infer<typeof publicKey>;

/** How far in the past or future a relay's statement may be dated, seconds; nonces are stored for longer. */
export const statementLifeSeconds = 60;

/**
 * Claims of each statement:
 * - `connect`: relay to cloud, in the Authorization header (`Bearer …`) of the socket's handshake. aud: the socket's URL as
 *   given at enrolment; iss: relay id; iat, exp (iat + 60 s); jti: nonce, once.
 * - `rotate`: relay to cloud, the same claims with aud = `<socket URL>#rotate` and `key`: the new public key; signed with the
 *   old key, and sent with the new key's own signature over the same claims.
 * - `proof`: cloud to relay, in `welcome`. iss: the socket's URL; aud: relay id; nonce: the challenge of `hello`.
 */
export const connectClaims = z.object({
  iss: z.string().min(1),
  aud: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().min(16).max(200),
});
export const rotateClaims = connectClaims.extend({ key: publicKey });
export const proofClaims = z.object({ iss: z.string(), aud: z.string(), iat: z.number(), exp: z.number(), nonce: z.string() });
export const rotateAudience = (socketUrl: string) => `${socketUrl}#rotate`;

/** POST /relay/enrolments, Authorization: Bearer <one-time token>. */
export const enrolmentRequest = z.object({
  key: publicKey,
  hostname: z.string().max(255),
  version: z.string().max(50),
  platform: z.string().max(50),
});
export const enrolmentAnswer = z.object({
  relayId: z.string().min(1),
  sourceId: z.string().min(1),
  /** wss://… (ws:// on the local stack): where the relay connects, and the audience of its statements. */
  socketUrl: z.url({ protocol: /^wss?$/ }),
  /** Where the relay enrols, and rotates its key. */
  cloudUrl: z.url({ protocol: /^https?$/ }),
  /** Public key of the cloud: an answer not signed by its private key is from another cloud. */
  cloudKey: publicKey,
});
export type EnrolmentAnswer = z.infer<typeof enrolmentAnswer>;

/** POST /relay/keys: the new key. Both keys are accepted for `oldKeyMs` after it. */
export const rotationRequest = z.object({ statement: z.string().min(1), proofOfNew: z.string().min(1) });
export const oldKeyMs = 10 * 60_000;

/** How long a one-time enrolment token is valid. */
export const tokenLifeMs = 3_600_000;

export const relayKey = z.object({ kid: z.string().min(1), key: publicKey, addedAt: z.number(), until: z.number().nullable() });
/** A relay as the cloud knows it: one item of the Control table. Times epoch ms. */
export const relayRecord = z.object({
  relayId: z.string().min(1),
  sourceId: z.string().min(1),
  createdAt: z.number(),
  createdBy: z.string(),
  /** SHA-256 of the enrolment token, hex; null once used. */
  tokenHash: z.string().nullable(),
  tokenUntil: z.number(),
  keys: z.array(relayKey),
  enrolledAt: z.number().nullable(),
  revokedAt: z.number().nullable(),
  revokedBy: z.string().nullable(),
  hostname: z.string().nullable(),
  platform: z.string().nullable(),
  version: z.string().nullable(),
  protocol: z.number().int().nullable(),
  reads: z.string().nullable(),
  acts: z.string().nullable(),
  /** Its current connection, from its latest hello; null when known to be disconnected. */
  connectionId: z.string().nullable(),
  connectedAt: z.number().nullable(),
  lastHeardAt: z.number().nullable(),
  problems: z.array(z.string()),
});
export type RelayRecord = z.infer<typeof relayRecord>;
export type RelayState = 'invited' | 'connected' | 'away' | 'revoked';

/** `quietMs`: how long a relay may be silent and still count as connected. */
export function relayState(relay: RelayRecord, { now, quietMs }: { now: number; quietMs: number }): RelayState {
  if (relay.revokedAt !== null) return 'revoked';
  if (relay.enrolledAt === null) return 'invited';
  const isRecent = relay.lastHeardAt !== null && now - relay.lastHeardAt <= quietMs;
  return relay.connectionId !== null && isRecent ? 'connected' : 'away';
}
